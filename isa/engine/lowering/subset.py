"""Rewriting functions written in words to the terms of generated modules.

Integers become the names of 64-bit constants, `hart[slot]` becomes a load from the page, and the
functions a function calls are found and rewritten with it. What the subset does not have is refused
with the file and line.
"""

import ast
import builtins
import inspect
import textwrap
from collections.abc import Callable, Iterable
from types import ModuleType
from typing import Any

from isa.engine.lowering.words import CompiledWord
from isa.errors import Location, SpecError

MASK = (1 << 64) - 1
Function = Callable[..., Any]


def constant_name(value: int) -> str:
    """Give the name under which generated modules hold a constant."""
    value &= MASK
    return f"_{value}" if value < 10 else f"_{value:#x}"


class Lowering:
    """Collects lowered functions and the constants they need.

    `replaced` maps a function's qualified name to the one that takes its place, or to the name of
    generated text that does; the functions of `word_modules` are words and keep their names.
    """

    def __init__(
        self, word_modules: Iterable[ModuleType], replaced: dict[str, str | Function]
    ) -> None:
        self._word_modules = {module.__name__ for module in word_modules}
        self._replaced = replaced
        self.functions: dict[str, str] = {}
        self._origin: dict[str, Function] = {}

    def add(self, function: Function, caller: Function | None = None) -> str:
        """Lower a function and what it calls; gives its name in the generated module.

        What takes another's place may still call that.
        """
        qualified = f"{function.__module__}.{function.__name__}"
        instead = self._replaced.get(qualified)
        if instead is not None and instead is not caller:
            return instead if isinstance(instead, str) else self.add(instead)
        name = function.__name__
        if function.__module__ in self._word_modules:
            return name
        known = self._origin.setdefault(name, function)
        if known is not function:
            raise SpecError(f"two lowered functions are called {name}: rename one of them")
        if name not in self.functions:
            self.functions[name] = ""  # stops recursion; the text follows
            tree = parse_function(function)
            body = _Rewriter(self, function).rewrite_body(tree)
            tree.body, tree.decorator_list, tree.returns = body, [], None
            for arg in tree.args.args:
                arg.annotation = None
            text = ast.unparse(ast.fix_missing_locations(tree))
            self.functions.pop(name)  # callees come first
            self.functions[name] = text
        return name

    def inline(self, function: Function, operands: dict[str, str], result: str) -> str:
        """Give a pure meaning's body with operands put in and `return v` made `result = v`."""
        tree = parse_function(function)
        body = _Rewriter(self, function, operands).rewrite_body(tree)
        body = _returns_to_assignments(body, result)
        return "\n".join(ast.unparse(ast.fix_missing_locations(node)) for node in body)

    def constant(self, value: int) -> str:
        """Give a constant's name."""
        return constant_name(value)


def parse_function(function: Function) -> ast.FunctionDef:
    """Parse a function's source."""
    try:
        tree = ast.parse(textwrap.dedent(_block(function))).body[0]
    except SyntaxError:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef), f"{function} is not a plain function"
    assert tree.name == function.__code__.co_name, f"found {tree.name} instead of {function}"
    return tree


def _block(function: Function) -> str:
    """Give a function's lines by their indentation: much quicker than `inspect`, which tokenizes.

    A function with a line further left than its `def` (in a string, in brackets) is cut short in
    the middle of something, which then does not parse.
    """
    lines, first = inspect.findsource(function)
    start = next(n for n in range(first, len(lines)) if lines[n].lstrip().startswith("def "))
    margin = len(lines[start]) - len(lines[start].lstrip())
    end = start + 1
    while end < len(lines):
        text = lines[end].lstrip()
        if text and len(lines[end]) - len(text) <= margin and text[0] not in "#)":
            break
        end += 1
    return "".join(lines[first:end])


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None


class _Rewriter(ast.NodeTransformer):
    def __init__(
        self, lowering: Lowering, function: Function, operands: dict[str, str] | None = None
    ) -> None:
        self._lowering = lowering
        self._function = function
        self._globals = function.__globals__
        self._operands = operands or {}
        self._locals: set[str] = set()

    def rewrite_body(self, tree: ast.FunctionDef) -> list[ast.stmt]:
        self._locals = {arg.arg for arg in tree.args.args} | {
            node.id
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        statements = tree.body
        if statements and _is_docstring(statements[0]):
            statements = statements[1:]
        return [self.visit(statement) for statement in statements] or [ast.Pass()]

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr):
            value = self._evaluate(node)
            if value is not None:
                return ast.Name(self._lowering.constant(value), ast.Load())
        return super().visit(node)

    def _evaluate(self, node: ast.expr) -> int | None:
        """Give the value of an expression of constants only."""
        if isinstance(node, ast.Constant):
            return _number(node.value)
        if isinstance(node, ast.Name):
            return None if node.id in self._locals else _number(self._globals.get(node.id))
        if not isinstance(node, ast.Attribute | ast.BinOp | ast.UnaryOp):
            return None
        names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
        if any(name in self._locals or name not in self._globals for name in names):
            return None
        if any(isinstance(n, ast.Call | ast.Subscript) for n in ast.walk(node)):
            return None
        return _number(eval(ast.unparse(node), self._globals))

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if node.id in self._operands:
            return ast.parse(self._operands[node.id], mode="eval").body
        if node.id in self._locals or not isinstance(node.ctx, ast.Load):
            return node
        value = self._globals.get(node.id)
        if isinstance(value, CompiledWord):
            return node
        if inspect.isfunction(value):
            return ast.Name(self._lowering.add(value, self._function), ast.Load())
        if hasattr(builtins, node.id) and node.id not in self._globals:
            raise self._refusal(node, f"{node.id} is not a word")
        raise self._refusal(node, f"{node.id} is not a word, a constant, an operand or a local")

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if not isinstance(node.value, bool):  # integers have become words already
            raise self._refusal(node, f"{node.value!r} is not an integer")
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        page, slot = self.visit(node.value), self.visit(node.slice)
        return _call("get", page, slot)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        target = node.targets[0]
        if len(node.targets) != 1 or isinstance(target, ast.Tuple):
            raise self._refusal(node, "one plain target is assigned at a time")
        if isinstance(target, ast.Subscript):
            return self._store(target, self.visit(node.value))
        return ast.Assign([target], self.visit(node.value))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            raise self._refusal(node, "a declaration without a value")
        return self.visit_Assign(ast.Assign([node.target], node.value, lineno=node.lineno))

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        value = self.visit(node.value)
        if isinstance(node.target, ast.Subscript):
            old = self.visit_Subscript(node.target)
            return self._store(node.target, ast.BinOp(old, node.op, value))
        assert isinstance(node.target, ast.Name), "augmented assignment to a name or slot"
        old_name = ast.Name(node.target.id, ast.Load())
        return ast.Assign([node.target], ast.BinOp(old_name, node.op, value))

    def _store(self, target: ast.Subscript, value: ast.expr) -> ast.stmt:
        page, slot = self.visit(target.value), self.visit(target.slice)
        return ast.Expr(_call("put", page, slot, value))

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if not isinstance(node, _ALLOWED):
            raise self._refusal(node, f"{type(node).__name__} cannot be compiled")
        return super().generic_visit(node)

    def _refusal(self, node: ast.AST, why: str) -> SpecError:
        code = self._function.__code__
        line = code.co_firstlineno + getattr(node, "lineno", 1) - 1
        return SpecError(f"{self._function.__name__}: {why}", Location(code.co_filename, line))


_ALLOWED = (
    *(ast.Expr, ast.Return, ast.If, ast.While, ast.Assign, ast.AugAssign, ast.Pass, ast.Constant),
    *(ast.BinOp, ast.BoolOp, ast.UnaryOp, ast.Compare, ast.Call, ast.Name, ast.Subscript),
    *(ast.operator, ast.boolop, ast.unaryop, ast.cmpop, ast.expr_context, ast.Break, ast.Continue),
)


def _call(name: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _returns_to_assignments(body: list[ast.stmt], result: str) -> list[ast.stmt]:
    """Rewrite `return v` to `result = word(v)`; what follows an `if` goes into both its arms."""
    out: list[ast.stmt] = []
    for i, statement in enumerate(body):
        if isinstance(statement, ast.Return):
            assert statement.value is not None, "a meaning to inline returns a value"
            value = _call("word", statement.value)
            return [*out, ast.Assign([ast.Name(result, ast.Store())], value)]
        if isinstance(statement, ast.If):
            rest = body[i + 1 :]
            then = _returns_to_assignments([*statement.body, *rest], result)
            other = _returns_to_assignments([*statement.orelse, *rest], result)
            return [*out, ast.If(statement.test, then, other)]
        out.append(statement)
    return out
