"""Random C programs for a compiler to make assembly of: many functions, all kinds of statements.

They need not compute anything sensible, only use much of what a compiler's back end can do.
"""

import random

TYPES = (
    *("char", "unsigned char", "short", "unsigned short", "int", "unsigned", "long"),
    "unsigned long",
)
REALS = ("float", "double")
_OPERATORS = ("+", "-", "*", "&", "|", "^", "<<", ">>", "/", "%", "<", ">", "==", "!=", "&&", "||")


class Writer:
    """Writes one program."""

    def __init__(self, seed: int, has_reals: bool) -> None:
        self.draw = random.Random(seed)
        self.types = TYPES + (REALS if has_reals else ())
        self.functions: list[tuple[str, int]] = []

    def program(self, functions: int) -> str:
        """Write a program of that many functions."""
        lines = [
            "struct item { int key; char tag; long value; struct item *next; short more[5]; };"
        ]
        for number in range(20):
            static = self.draw.choice(("static ", "", "extern ", "const "))
            kind = self.draw.choice(TYPES)
            value = "" if static == "extern " else f" = {self.constant()}"
            lines.append(f"{static}{kind} g{number}{value};")
            lines.append(f"{kind} array{number}[{self.draw.randint(1, 200)}];")
        lines += [f'char *text{number} = "text {number}\\n";' for number in range(4)]
        lines.append("extern long outside(long, void *); struct item items[30];")
        for number in range(functions):
            lines += self.function(number)
        return "\n".join([*lines, ""])

    def constant(self) -> str:
        """Draw a number."""
        kind = self.draw.randrange(4)
        if kind == 0:
            return str(self.draw.randint(-40, 40))
        if kind == 1:
            return hex(self.draw.getrandbits(self.draw.randint(1, 63)))
        return str(self.draw.randint(-5000, 5000) if kind == 2 else 1 << self.draw.randint(0, 31))

    def function(self, number: int) -> list[str]:
        """Write a function."""
        count = self.draw.randint(0, 9)
        kinds = [self.draw.choice(self.types) for _ in range(count)]
        parameters = ", ".join(f"{kind} p{at}" for at, kind in enumerate(kinds)) or "void"
        result = self.draw.choice(self.types)
        static = self.draw.choice(("", "", "static __attribute__((noinline)) "))
        names = [f"p{at}" for at, kind in enumerate(kinds) if kind not in REALS]
        names += [f"g{self.draw.randrange(20)}" for _ in range(3)]
        lines = [f"{static}{result} f{number}({parameters})", "{", "struct item *it = items;"]
        lines.append(f"long v0 = {self.constant()}, v1 = {self.value(names, 2)}; int i, j;")
        names += ["v0", "v1", "it->key", "it->value", "it->tag", "it->more[3]"]
        lines += self.block(names, self.draw.randint(3, 9), 3)
        lines.append(f"return {self.value(names, 3)};")
        if result not in REALS:
            self.functions.append((f"f{number}", count))
        return [*lines, "}"]

    def value(self, names: list[str], depth: int) -> str:
        """Write an expression."""
        kind = self.draw.randrange(8) if depth else self.draw.randrange(2)
        if kind == 0:
            return f"({self.constant()})"
        if kind == 1:
            return self.draw.choice(names)
        if kind == 2:
            return f"(({self.draw.choice(TYPES)}){self.value(names, depth - 1)})"
        if kind == 3:
            number = self.draw.randrange(20)
            return f"array{number}[({self.value(names, depth - 1)}) & 3]"
        if kind == 4 and self.functions:
            name, count = self.draw.choice(self.functions)
            return f"{name}({', '.join(self.value(names, depth - 1) for _ in range(count))})"
        operator = self.draw.choice(_OPERATORS)
        right = self.value(names, depth - 1)
        if operator in ("/", "%"):
            right = f"({right} | 1)"
        elif operator in ("<<", ">>"):
            right = f"({right} & 15)"
        return f"({self.value(names, depth - 1)} {operator} {right})"

    def block(self, names: list[str], count: int, depth: int) -> list[str]:
        """Write some statements."""
        lines: list[str] = []
        for _ in range(count):
            lines += self.statement(names, depth)
        return lines

    def statement(self, names: list[str], depth: int) -> list[str]:
        """Write a statement."""
        kind = self.draw.randrange(9 if depth else 4)
        value = self.value(names, 2)
        target = self.draw.choice(("v0", "v1", "it->key", "it->value", "it->tag", "it->more[1]"))
        inner = ["{", *self.block(names, self.draw.randint(1, 3), depth - 1), "}"] if depth else []
        if kind == 4:
            other = ["{", *self.block(names, 1, depth - 1), "}"]
            return [f"if ({value})", *inner, "else", *other]
        if kind == 5:
            return [f"for (i = 0; i < {self.draw.randint(2, 99)}; i++)", *inner]
        if kind == 6:
            return [f"for (j = {value}; j > 0; j >>= 1)", *inner]
        if kind == 7:
            return ["while (it && it->next)", "{ it = it->next;", *inner, "}"]
        if kind == 8:
            cases = [f"case {n}: {' '.join(self.statement(names, 0))} break;" for n in range(9)]
            return [f"switch (({value}) & 15) {{", *cases, "default: v1++; }"]
        if kind == 3:
            return [f"v1 += outside({value}, text{self.draw.randrange(4)});"]
        return [f"{target} {self.draw.choice(('=', '+=', '^=', '-='))} {value};"]


def generated_program(seed: int, functions: int = 12, has_reals: bool = False) -> str:
    """Write a random program."""
    return Writer(seed, has_reals).program(functions)
