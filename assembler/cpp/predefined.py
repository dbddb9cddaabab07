"""The macros that are there from the start: those of GCC 12 for the target, and for assembly.

Not here: `__LINE__` and the others whose value changes (`preprocess.py`). Which `__riscv_` macros
there are is described in the "RISC-V C API".
"""

from assembler.architecture import parse_architecture

_PLAIN = """
_LP64 __ASSEMBLER__ __ATOMIC_CONSUME __CHAR_UNSIGNED__ __ELF__ __GCC_ATOMIC_TEST_AND_SET_TRUEVAL
__GNUC_STDC_INLINE__ __LP64__ __NO_INLINE__ __PRAGMA_REDEFINE_EXTNAME __STDC_HOSTED__ __STDC__
__riscv __riscv_arch_test
"""
_VALUED = """
__ATOMIC_ACQUIRE 2|__ATOMIC_ACQ_REL 4|__ATOMIC_RELAXED 0|__ATOMIC_RELEASE 3|__ATOMIC_SEQ_CST 5
__BIGGEST_ALIGNMENT__ 16|__BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__|__CHAR_BIT__ 8
__CHAR16_TYPE__ short unsigned int|__CHAR32_TYPE__ unsigned int|__FINITE_MATH_ONLY__ 0
__FLOAT_WORD_ORDER__ __ORDER_LITTLE_ENDIAN__|__GNUC_EXECUTION_CHARSET_NAME "UTF-8"
__GNUC_MINOR__ 2|__GNUC_PATCHLEVEL__ 0|__GNUC_WIDE_EXECUTION_CHARSET_NAME "UTF-32LE"|__GNUC__ 12
__GXX_ABI_VERSION 1017|__INTMAX_C(c) c ## L|__INTMAX_WIDTH__ 64|__INTPTR_WIDTH__ 64
__LONG_LONG_MAX__ 0x7fffffffffffffffLL|__LONG_LONG_WIDTH__ 64|__LONG_MAX__ 0x7fffffffffffffffL
__LONG_WIDTH__ 64|__INT_MAX__ 0x7fffffff|__INT_WIDTH__ 32|__ORDER_BIG_ENDIAN__ 4321
__ORDER_LITTLE_ENDIAN__ 1234|__ORDER_PDP_ENDIAN__ 3412|__PTRDIFF_MAX__ 0x7fffffffffffffffL
__PTRDIFF_TYPE__ long int|__PTRDIFF_WIDTH__ 64|__REGISTER_PREFIX__ |__SCHAR_MAX__ 0x7f
__SCHAR_WIDTH__ 8|__SHRT_MAX__ 0x7fff|__SHRT_WIDTH__ 16|__SIG_ATOMIC_MAX__ 0x7fffffff
__SIG_ATOMIC_MIN__ (-__SIG_ATOMIC_MAX__ - 1)|__SIG_ATOMIC_TYPE__ int|__SIG_ATOMIC_WIDTH__ 32
__SIZEOF_DOUBLE__ 8|__SIZEOF_FLOAT__ 4|__SIZEOF_INT128__ 16|__SIZEOF_INT__ 4
__SIZEOF_LONG_DOUBLE__ 16|__SIZEOF_LONG_LONG__ 8|__SIZEOF_LONG__ 8|__SIZEOF_POINTER__ 8
__SIZEOF_PTRDIFF_T__ 8|__SIZEOF_SHORT__ 2|__SIZEOF_SIZE_T__ 8|__SIZEOF_WCHAR_T__ 4
__SIZEOF_WINT_T__ 4|__SIZE_MAX__ 0xffffffffffffffffUL|__SIZE_TYPE__ long unsigned int
__SIZE_WIDTH__ 64|__UINTMAX_C(c) c ## UL|__USER_LABEL_PREFIX__ |__VERSION__ "12.2.0"
__WCHAR_MAX__ 0x7fffffff|__WCHAR_MIN__ (-__WCHAR_MAX__ - 1)|__WCHAR_TYPE__ int|__WCHAR_WIDTH__ 32
__WINT_MAX__ 0xffffffffU|__WINT_MIN__ 0U|__WINT_TYPE__ unsigned int|__WINT_WIDTH__ 32
__riscv_xlen 64
"""
# Types by size: the suffix of constants, and the name.
_TYPES = {
    8: ("", "signed char", "", "unsigned char"),
    16: ("", "short int", "", "short unsigned int"),
    32: ("", "int", "U", "unsigned int"),
    64: ("L", "long int", "UL", "long unsigned int"),
}
_LOCK_FREE = ("BOOL", "CHAR16_T", "CHAR", "SHORT")
_LOCK_FREE_WITH_A = ("CHAR32_T", "INT", "LLONG", "LONG", "POINTER", "WCHAR_T")
_ABI_NAMES = {"lp64": "soft", "lp64f": "single", "lp64d": "double", "lp64q": "quad"}


def predefined(march: str, mabi: str, *, is_pic: bool = False) -> dict[str, str]:
    """Give the macros for a target: name, with its parameters if it has some, and text."""
    found = dict.fromkeys(_PLAIN.split(), "1")
    for line in _VALUED.strip().split("\n"):
        found |= dict(_name_and_value(item) for item in line.split("|"))
    for bits in _TYPES:
        found |= _integer(bits)
    for name, bits in (("INTMAX", 64), ("INTPTR", 64)):
        found |= {f"__{name}_MAX__": _largest(bits, "L", 1), f"__{name}_TYPE__": "long int"}
        found |= {f"__U{name}_MAX__": _largest(bits, "UL", 0)}
        found |= {f"__U{name}_TYPE__": "long unsigned int"}
    return found | _architecture(march) | _model(mabi, is_pic)


def _name_and_value(item: str) -> tuple[str, str]:
    name, _, value = item.partition(" ")
    return name, value


def _largest(bits: int, suffix: str, sign: int) -> str:
    return f"{(1 << bits - sign) - 1:#x}{suffix}"


def _integer(bits: int) -> dict[str, str]:
    """Give the macros about the integer types of a size, the least and the fastest."""
    suffix, _, unsigned, _ = _TYPES[bits]
    paste = f" ## {suffix}" if suffix else ""
    unsigned_paste = f" ## {unsigned}" if unsigned else ""
    found = {f"__INT{bits}_C(c)": f"c{paste}", f"__UINT{bits}_C(c)": f"c{unsigned_paste}"}
    fast = _TYPES[max(bits, 32)]
    for kind, width, types in (("", bits, _TYPES[bits]), ("_LEAST", bits, _TYPES[bits]),
                               ("_FAST", max(bits, 32), fast)):  # fmt: skip
        found[f"__INT{kind}{bits}_MAX__"] = _largest(width, types[0], 1)
        found[f"__INT{kind}{bits}_TYPE__"] = types[1]
        found[f"__UINT{kind}{bits}_MAX__"] = _largest(width, types[2], 0)
        found[f"__UINT{kind}{bits}_TYPE__"] = types[3]
        if kind:
            found[f"__INT{kind}{bits}_WIDTH__"] = str(width)
    return found


def _architecture(march: str) -> dict[str, str]:
    arch = parse_architecture(march)
    found = {f"__GCC_ATOMIC_{name}_LOCK_FREE": "1" for name in _LOCK_FREE}
    level = "2" if "a" in arch.names else "1"
    found |= {f"__GCC_ATOMIC_{name}_LOCK_FREE": level for name in _LOCK_FREE_WITH_A}
    names = [name for name in arch.versions if name != "zmmul" or "m" not in arch.names]
    for name in names:
        text = arch.versions[name]
        major, _, minor = text.partition("p")
        found[f"__riscv_{name}"] = str(int(major) * 1_000_000 + int(minor) * 1000)
    given = {
        "a": "atomic",
        "c": "compressed",
        "m": "mul div muldiv",
        "f": "fdiv fsqrt",
    }
    for name, words in given.items():
        if name in arch.names:
            found |= {f"__riscv_{word}": "1" for word in words.split()}
    if "a" in arch.names:
        found |= {f"__GCC_HAVE_SYNC_COMPARE_AND_SWAP_{size}": "1" for size in (4, 8)}
    if "f" in arch.names:
        found["__riscv_flen"] = "64" if "d" in arch.names else "32"
        found |= dict.fromkeys(("__FP_FAST_FMAF", "__FP_FAST_FMAF32"), "1")
    if "d" in arch.names:
        more = ("__FP_FAST_FMA", "__FP_FAST_FMAF64", "__FP_FAST_FMAF32x")
        found |= dict.fromkeys(more, "1")
    exact = "2" if "d" in arch.names else "0"
    return found | {"__GCC_IEC_559": exact, "__GCC_IEC_559_COMPLEX": exact}


def _model(mabi: str, is_pic: bool) -> dict[str, str]:
    found = {f"__riscv_float_abi_{_ABI_NAMES.get(mabi, 'soft')}": "1"}
    if is_pic:
        return found | {"__riscv_cmodel_pic": "1", "__PIC__": "1", "__pic__": "1"}
    return found | {"__riscv_cmodel_medlow": "1"}
