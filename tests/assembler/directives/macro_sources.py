"""Small sources full of macros and conditions of which GNU as and ours make the same objects."""

from types import MappingProxyType

MACRO_SOURCES = MappingProxyType(
    {
        "conditions": r"""
 .data
 .set one, 1
 .macro t n:vararg
 .ifb \n
 .byte 0
 .else
 .byte 1
 .endif
 .ifnb \n
 .byte 2
 .endif
 .endm
 t
 t x
 .ifdef one
 .byte 3
 .ifndef two
 .byte 4
 .elseif 1
 .byte 5
 .else
 .byte 6
 .endif
 .else
 .byte 7
 .endif
 .ifc abc, abc
 .byte 8
 .endif
 .ifc a b , a  b
 .byte 9
 .endif
 .ifnc "a","a"
 .byte 10
 .else
 .byte 11
 .endif
 .ifeqs "x","x"
 .byte 12
 .endif
 .ifnes "x","y"
 .byte 13
 .endif
 .if 0
 .if 1
 .byte 99
 .else
 .byte 98
 .endif
 .elseif one == 1
 .byte 14
 .elseif 1
 .byte 97
 .endif
 .ifge -1
 .byte 96
 .endif
 .ifle 0
 .byte 15
 .endif
 .iflt -1
 .byte 16
 .endif
 .ifgt 5-6
 .byte 95
 .endif
 .ifeq 0
 .byte 17
 .endif
 .ifnotdef zork
 .byte 18
 .endif
lab: .byte 1
 .ifdef lab
 .byte 19
 .endif
 .ifdef later
 .byte 20
 .endif
later:
 .globl ext
 .ifdef ext
 .byte 21
 .endif
 .if lab == lab
 .byte 22
 .endif
 .if . - lab > 2
 .byte 23
 .endif
""",
        "macros": r"""
 .data
 .macro m1 a b=5 c:req d:vararg
 .ascii "[\a|\b|\c|\d]"
 .endm
 m1 1,2,3,4,5,6
 m1 1,,3
 m1 c=9,a=8
 m1 (1 + 2), "x y", 'z'
 m1 a b c d e
 .macro m2 x, y=, z="q r"
 .ascii "{\x;\y;\z}"
 .endm
 m2
 m2 1
 m2 y=4
 m2 "abc", "d,e"
 m2 1 2 3
 m2 -1 + 2, 3
 m2 a+b c
 m2 (1, 2), 3
 m2 <1>, [2,3]
 .macro m3 x
 .ascii "\x\()y \@ \\x"
lab\@: .byte 0
 .endm
 m3 p
 m3 q
 .macro m4 p:vararg
 .endm
 m4
 m4 a, b , c
 m4 "s", 1
 .irp r, a, b,"c d",
 .ascii "\r;"
 .endr
 .irp r a b
 .ascii "\r;"
 .endr
 .irp r
 .ascii "(\r)"
 .endr
 .irpc c, abc
 .ascii "\c-"
 .endr
 .irpc c, "a b"
 .ascii "\c-"
 .endr
 .irpc c
 .ascii "(\c)"
 .endr
 .rept 2
 .irp x,1,2
 .byte \x
 .endr
 .endr
 .macro outer n
 .macro inner_\n v
 .byte \n, \v
 .endm
 inner_\n 7
 .endm
 outer 3
 inner_3 8
 .macro fact n
 .if \n
 .byte \n
 fact "(\n-1)"
 .endif
 .endm
 fact 3
 .macro ex n
 .byte 1
 .if \n
 .exitm
 .endif
 .byte 2
 .endm
 ex 0
 ex 1
 .purgem ex
 .macro ex n
 .byte 9
 .endm
 ex 1
 .macro UPPER Arg
 .ascii "\Arg \arg"
 .endm
 upper 5
 .macro dots a.b
 .ascii "\a.b"
 .endm
 dots 1
 .macro kw from, to=3
 .byte \from, \to
 .endm
 kw from=1
 kw to=4 from=2
 .macro nested
 .rept 2
 .byte 5
 .exitm
 .byte 6
 .endr
 .byte 7
 .endm
 nested
 .macro sp a,b
 .ascii "\a/\b"
 .endm
 sp 1 ,2
 sp %5, $x
 sp a:b c:d
 sp "a" "b"
""",
        "ampersands": r"""
 .data
 .macro a x, y
 .ascii "\x&y & &x& a&x \x.y \z \\x &q"
 .byte 3&1
 .endm
 a 1, 3
 .macro b x
 .ascii "(\x)"
 .endm
 b a  +   b
 b a - 1
 b 1 -1
""",
        "arguments": r"""
 .data
 .macro b x y z
 .ascii "(\x|\y|\z)"
 .endm
 b a @ c
 b a "b"
 b "a"b
 b %x %y
 b $x $y
 b . .x
 b a,b
 b a , b c
 b (a b) c
 b [a b] c
 b 'a' 'b'
 b x\y z
 b x=3
 b ! a
 b ~1 ~2
 b a:b c
 b a; .byte 1
 b a{b c
 b a* b *c
""",
        "alternate mode": r"""
 .data
 .altmacro
 .macro m a b
 LOCAL l1, l2
l1: .ascii "(&a|&b)"
l2: .byte a
 .word l2 - l1
 .endm
 m 5 <x, y>
 m 6, 'z'
 m 7 <a!>b>
 m 8 <a<b>c>
 m 9, x
 .macro n v:vararg
 .ascii "[&v]"
 .endm
 n %1+2, <3>
 n 1 2 3
 .irp x, <a,b>, %2*3
 .ascii "x \x &x;"
 .endr
 .noaltmacro
 .macro p a
 LOCAL q
 .byte a
 .endm
 .altmacro
 .macro q2 a=%1+1
 .byte a
 .endm
 q2
 q2 3
""",
    }
)
