"""Sources with everything a preprocessor can meet, as kernels and test suites have it."""

ODD = """\
#define FOO bar
#define F(x, y...) x FOO #x ##y | #y
#define CAT(a,b) a##b
# don't FOO this
 # comment FOO
 nop # it's FOO here
 .string "FOO" 'FOO' /* c */ FOO // FOO
 li a0, 'F'
 F(1, 2, 3)
 F(a  b)
 CAT(x, 1) CAT(,) CAT(a,)FOO
 \\FOO \\@ $FOO FOO$ 1FOO FOO_1 .FOO %lo(FOO)
 F(
   one,
   two) end
 FOO
#define E(x) x
 E (3)  E
 (4) +E(+)+
 -E(-)-
 .ascii "unterminated FOO
 next FOO
#line 50 "other.S"
 here __LINE__ __FILE__
#if 0
 junk ' " `
#elif defined(FOO) && (1 ? 2u > -1 : 0) == 0
 yes
#endif
#foo bar FOO
#unknown
!#define X
#define REG_S sd
#define R(n) REG_S x##n, n*8(sp);
 R(1) R(2)
#define EMPTY
 EMPTY a EMPTY b
 __COUNTER__ __COUNTER__ __INCLUDE_LEVEL__ __riscv_xlen
#define str(s) #s
#define xstr(s) str(s)
 xstr(FOO "q\\n" '\\0') str( a  b )
#define self self + 1
 self
#define f(a) a*g
#define g(a) f(a)
 f(2)(9)
#pragma once
#define VA(fmt, ...) .warning fmt, ##__VA_ARGS__; __VA_OPT__(x)
 VA("a") VA("a", b)







 far
"""
REAL = """\
#include <a.h>
#include "a.h"
#include_next <a.h>
#ifdef __riscv_compressed
 .option norvc
#endif
# define INNER
#  if defined INNER && \\
      !defined(FOO)
  li a0, B_VALUE(3) # c
#  endif
ALIGNED(label:, 3)
/* multi
line
comment */ nop /* x */ ; nop
#define LOAD(rd, rs) \\
   ld rd, 0(rs) ; \\
   addi rd, rd, 1
 LOAD(a0,
      a1)
 fromb 1
 .if PGSIZE == 4096
 .endif
#define CONCAT3(a,b,c) a ## b ## c
 CONCAT3(x,y,z): CONCAT3(,y,): CONCAT3(a,,c)
#define LP (
#define RP )
#define call(f) <f>
 call LP x RP call LP x )
#define ID(x) x
 ID(ID(ID(4))) ID(ID)(5) ID(LP 3 RP)
#define q(x) x(
#define EMPTYF()
 EMPTYF() EMPTYF( )x
#if 1 ? 0 : (1/0)
#elif 'A' == 65 && 0x10u == 020 && 1ULL << 63 > 0 && -1 < 0 && ~0 == -1 \\
    && 7 % 4 == 3 && 5 / -2 == -2
 chars
#endif
#ifndef X
# ifdef Y
# else
 not y
# endif
#else
#endif
#undef PGSIZE
 PGSIZE
#define EXPORT_SYMBOL(sym) .globl sym; sym##_str: .asciz #sym
 EXPORT_SYMBOL(memcpy)
#define __ASM_STR(x) #x
#define REG(x) __ASM_STR(%x)
 REG(hi)
#define HASH #
 HASH
#define SEQ 1-2 -3 - -4 x.y .5 0x1e+3 a.b
 SEQ
#define LOCAL 1f
 j LOCAL
1: j 1b
#define neg -
 -neg 1 neg-1 +neg
#define t(x,y,z) x ## y ## z
 t(1,2,3) t(,4,5) t(6,,7) t(8,9,) t(10,,) t(,11,) t(,,12) t(,,)
#define max(a, ...) a|__VA_ARGS__
 max(1) max(1,2,3) max(1,)
"""
INCLUDED = {
    "a.h": """\
#ifndef A_H
#define A_H
#include "sub/b.h"
#define PGSIZE (1 << 12)
#define ALIGNED(x, n) .align n; x
#if __has_include(<nothere.h>)
#error no
#endif
#endif
""",
    "sub/b.h": """\
#define B_VALUE(x) ((x) + \\
  __LINE__)
 .macro fromb x
 nop
 .endm
""",
}
