"""From the text of a generated module to LLVM IR: a small compiler for functions of words.

Every value is a 64-bit word; truth values become words only where one is kept. A function is
`@compiled` (called from this module), `@exported` (has a C entry point: `uint64` arguments and
result) or a `@handler`: one of many with the same parameters that end by calling each other, which
become jumps with all arguments in registers (an `@inlined_handler` is put into those that go on
with it). A list of handlers or of numbers at module level is a table.
"""

import ast
import re
from collections.abc import Callable
from typing import Any

from llvmlite import ir

from isa.engine.lowering.host_floats import float_words
from isa.engine.lowering.words import U64, CompiledWord, all_words
from isa.errors import SpecError

BIT = ir.IntType(1)
ZERO = ir.Constant(U64, 0)
THROUGH = "through"
"""In a handler, `return through(address, ...)` goes on in the handler at an address."""
_NO_REGISTERS_KEPT = "preserve_nonecc"
_CONSTANT = re.compile(r"_(\d|0x[0-9a-f]+)$")
_ROLES = {"compiled", "exported", "handler", "inlined_handler"}

_BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.BitAnd: "and_", ast.BitOr: "or_",
    ast.BitXor: "xor", ast.LShift: "shl", ast.RShift: "lshr",
}  # fmt: skip
_COMPARE = {
    ast.Eq: "==", ast.NotEq: "!=", ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=",
}  # fmt: skip


def emit_module(name: str, text: str) -> ir.Module:
    """Give the LLVM IR of a generated module's functions and tables."""
    return _Module(name, ast.parse(text)).module


class _Module:
    def __init__(self, name: str, tree: ast.Module) -> None:
        self.module = ir.Module(name)
        self.words = all_words() | float_words()
        self.functions: dict[str, ir.Function] = {}
        self.handlers: set[str] = set()
        self.tables: dict[str, ir.GlobalVariable] = {}
        defs = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        for node in defs:
            self._declare(node)
        for statement in tree.body:
            if isinstance(statement, ast.Assign):
                self._table(statement)
        for node in defs:
            _Function(self, node).emit()

    def _declare(self, node: ast.FunctionDef) -> None:
        (decorator,) = node.decorator_list
        role = decorator.id if isinstance(decorator, ast.Name) else ""
        if role not in _ROLES or node.name in self.functions or node.name in self.words:
            raise SpecError(f"{node.name}: its decorator or its name cannot be compiled")
        kind = ir.FunctionType(U64, [U64] * len(node.args.args))
        function = ir.Function(self.module, kind, node.name)
        function.attributes.add("nounwind")
        if role != "exported":
            function.linkage = "internal"
        if role == "inlined_handler":
            function.attributes.add("alwaysinline")
        if role.endswith("handler"):
            function.calling_convention = _NO_REGISTERS_KEPT
            self.handlers.add(node.name)
        self.functions[node.name] = function

    def _table(self, node: ast.Assign) -> None:
        (target,) = node.targets
        assert isinstance(target, ast.Name), "a table has a name"
        assert isinstance(node.value, ast.List), f"{target.id}: a table is a list"
        entries = [self._entry(item) for item in node.value.elts]
        kind = ir.ArrayType(entries[0].type, len(entries))
        table = ir.GlobalVariable(self.module, kind, target.id)
        table.initializer = ir.Constant(kind, entries)
        table.linkage, table.global_constant = "internal", True
        self.tables[target.id] = table

    def _entry(self, node: ast.expr) -> Any:
        assert isinstance(node, ast.Name), "a table is a list of names"
        if found := _CONSTANT.match(node.id):
            return ir.Constant(U64, int(found[1], 0))
        return self.functions[node.id]


class _Function:
    """Emits one function; every local is a stack slot, which LLVM then turns into registers."""

    def __init__(self, module: _Module, node: ast.FunctionDef) -> None:
        self._module = module
        self._node = node
        self._function = module.functions[node.name]
        self._builder = ir.IRBuilder(self._function.append_basic_block())
        self._loops: list[tuple[ir.Block, ir.Block]] = []  # where continue and break go
        self._locals: dict[str, Any] = {}
        self._emitters: dict[type[ast.AST], Callable[[Any], None]] = {
            ast.Assign: self._assign,
            ast.Expr: lambda node: self._discard(node.value),
            ast.If: self._if,
            ast.While: self._while,
            ast.Return: self._return,
            ast.Break: lambda node: self._leave(self._loops[-1][1]),
            ast.Continue: lambda node: self._leave(self._loops[-1][0]),
            ast.Pass: lambda node: None,
        }

    def emit(self) -> None:
        """Emit the body; a function that ends without `return` gives 0."""
        params = [arg.arg for arg in self._node.args.args]
        names = [n for n in ast.walk(self._node) if isinstance(n, ast.Name)]
        stored = [name.id for name in names if isinstance(name.ctx, ast.Store)]
        for name in dict.fromkeys((*params, *stored)):
            self._locals[name] = self._builder.alloca(U64, name=name)
        for argument, name in zip(self._function.args, params, strict=True):
            self._builder.store(argument, self._locals[name])
        for name in set(stored) - set(params):
            self._builder.store(ZERO, self._locals[name])
        self._statements(self._node.body)
        if not self._builder.block.is_terminated:
            self._builder.ret(ZERO)

    def _statements(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if self._builder.block.is_terminated:
                return  # cannot be reached
            emitter = self._emitters.get(type(statement))
            if emitter is None:
                raise self._refusal(statement)
            emitter(statement)

    def _refusal(self, node: ast.AST) -> SpecError:
        return SpecError(f"{self._node.name}: {ast.unparse(node)!r} cannot be compiled")

    # Statements

    def _assign(self, node: ast.Assign) -> None:
        (target,) = node.targets
        if not isinstance(target, ast.Name):
            raise self._refusal(node)
        self._builder.store(self._value(node.value), self._locals[target.id])

    def _discard(self, node: ast.expr) -> None:
        if isinstance(node, ast.Call):
            self._call(node)

    def _if(self, node: ast.If) -> None:
        then, other, after = (self._function.append_basic_block() for _ in range(3))
        self._branch(node.test, then, other)
        is_reached = False
        for block, body in ((then, node.body), (other, node.orelse)):
            self._builder.position_at_end(block)
            self._statements(body)
            is_reached |= not self._builder.block.is_terminated
            self._leave(after)
        self._builder.position_at_end(after)
        if not is_reached:
            self._builder.unreachable()

    def _while(self, node: ast.While) -> None:
        head, body, after = (self._function.append_basic_block() for _ in range(3))
        self._builder.branch(head)
        self._builder.position_at_end(head)
        self._branch(node.test, body, after)
        self._loops.append((head, after))
        self._builder.position_at_end(body)
        self._statements(node.body)
        self._leave(head)
        self._loops.pop()
        self._builder.position_at_end(after)

    def _leave(self, block: ir.Block) -> None:
        if not self._builder.block.is_terminated:
            self._builder.branch(block)

    def _return(self, node: ast.Return) -> None:
        value = node.value
        is_handler = self._node.name in self._module.handlers
        if is_handler and isinstance(value, ast.Call) and self._goes_on(value):
            return
        self._builder.ret(ZERO if value is None else self._value(value))

    def _goes_on(self, node: ast.Call) -> bool:
        """Emit a handler's jump to another handler; False when the call is none."""
        assert isinstance(node.func, ast.Name), "calls are by name"
        name, args = node.func.id, node.args
        if name == THROUGH:
            address, args = self._value(args[0]), args[1:]
            target = self._builder.inttoptr(address, self._function.type)
        elif name in self._module.handlers:
            target = self._module.functions[name]
        else:
            return False
        values = [self._value(arg) for arg in args]
        result = self._builder.call(target, values, cconv=_NO_REGISTERS_KEPT, tail="musttail")
        self._builder.ret(result)
        return True

    # Conditions

    def _branch(self, node: ast.expr, then: ir.Block, other: ir.Block) -> None:
        """Emit a jump that depends on a condition; operands of `and` and `or` in order."""
        if isinstance(node, ast.BoolOp):
            for value in node.values[:-1]:
                rest = self._function.append_basic_block()
                if isinstance(node.op, ast.And):
                    self._branch(value, rest, other)
                else:
                    self._branch(value, then, rest)
                self._builder.position_at_end(rest)
            self._branch(node.values[-1], then, other)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self._branch(node.operand, other, then)
        else:
            self._builder.cbranch(self._test(node), then, other)

    def _test(self, node: ast.expr) -> Any:
        """Give a condition as one bit."""
        if isinstance(node, ast.Compare):
            return self._compare(node)
        if isinstance(node, ast.BoolOp):
            return self._both_ways(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self._builder.not_(self._test(node.operand))
        return self._builder.icmp_unsigned("!=", self._value(node), ZERO)

    def _compare(self, node: ast.Compare) -> Any:
        if len(node.ops) != 1 or type(node.ops[0]) not in _COMPARE:
            raise self._refusal(node)
        left, right = node.left, node.comparators[0]
        is_signed = any(_calls(side, "s") for side in (left, right))
        compare = self._builder.icmp_signed if is_signed else self._builder.icmp_unsigned
        return compare(_COMPARE[type(node.ops[0])], self._value(left), self._value(right))

    def _both_ways(self, node: ast.BoolOp) -> Any:
        then, other, after = (self._function.append_basic_block() for _ in range(3))
        self._branch(node, then, other)
        for block in (then, other):
            self._builder.position_at_end(block)
            self._builder.branch(after)
        self._builder.position_at_end(after)
        phi = self._builder.phi(BIT)
        phi.add_incoming(ir.Constant(BIT, 1), then)
        phi.add_incoming(ir.Constant(BIT, 0), other)
        return phi

    # Values

    def _value(self, node: ast.expr) -> Any:
        """Give an expression's value as a word."""
        if isinstance(node, ast.Name):
            return self._name(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            return ir.Constant(U64, int(node.value))
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            left, right = self._value(node.left), self._value(node.right)
            return getattr(self._builder, _BINARY[type(node.op)])(left, right)
        if isinstance(node, ast.Call):
            return self._call(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert):
            return self._builder.not_(self._value(node.operand))
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self._builder.neg(self._value(node.operand))
        if isinstance(node, ast.Compare | ast.BoolOp | ast.UnaryOp):
            return self._builder.zext(self._test(node), U64)
        raise self._refusal(node)

    def _name(self, node: ast.Name) -> Any:
        if node.id in self._locals:
            return self._builder.load(self._locals[node.id])
        if found := _CONSTANT.match(node.id):
            return ir.Constant(U64, int(found[1], 0))
        if node.id in self._module.tables:
            return self._builder.ptrtoint(self._module.tables[node.id], U64)
        raise self._refusal(node)

    def _call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise self._refusal(node)
        name = node.func.id
        values = [self._value(arg) for arg in node.args]
        compiled = self._module.words.get(name)
        if compiled is not None:
            return self._word(compiled, node, values)
        function = self._module.functions.get(name)
        if function is None or len(function.args) != len(values):
            raise self._refusal(node)
        return self._builder.call(function, values, cconv=function.calling_convention)

    def _word(self, compiled: CompiledWord, node: ast.Call, values: list[Any]) -> Any:
        if compiled.arity != len(values):
            raise self._refusal(node)
        result = compiled.emit(self._builder, *values)
        return result if compiled.gives else ZERO


def _calls(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name
