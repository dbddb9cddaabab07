"""Small sources of which GNU as and ours make the same objects: sections, symbols, data, frames."""

from types import MappingProxyType

SOURCES = MappingProxyType(
    {
        "sections of well-known names": r"""
 .section .init_array
 .section .ctors,"aw"
 .section .note.x
 .section .note.GNU-stack,"",@progbits
 .section .debug_x
 .section .gnu.linkonce.b.x
 .section .rodata.x
 .section .sdata.x
 .section .sbss.x
 .section .tbss.x
 .section .tdata
 .section .data1
 .section .rodata1
 .section .interp
 .section .noinit
 .section .persistent
 .section .persistent.bss
 .section .gnu.attributes
 .section .preinit_array.00001
 .section .comment
 .section .bss.x
 .section .init
 .section .plt
 .section .got
 .section .eh_frame,"a",@progbits
 .section .gcc_except_table,"a",@progbits
 .section .eh_frame_hdr
 .section .line
 .section .text_foo
 .section .textfoo
 .section .text.hot
 .section .gnu.lto_x
 .section .zdebug_x
 .section .init_array.00100,"aw",@init_array
 .section .init_array.00200,"aw"
 .section .srodata.cst8,"aM",@progbits,8
 .section foo
 .section .data.rel.ro
 .section .data.rel.ro.local,"aw"
 .section .bss.y,"aw",@nobits
 .section .rodata.cst4,"aM",@progbits,4
 .section .rodata.str1.8,"aMS",@progbits,1
 .section .llvm_addrsig,"",@0x6fff4c03
""",
        "more well-known names": r"""
 .section .sdata
 .section .sbss
 .section .srodata
 .section .sdata2
 .section .tdata.x
 .section .tbss
 .section .data1.x
 .section .fini_array.5
 .section .fini
 .section .init.x
 .section .bss1
 .section .debug
 .section .debugfoo
 .section .note
 .section .notefoo
 .section .gnu.linkonce.t.x
 .section .gnu.linkonce.d.x
 .section .persistent.x
 .section .noinit.x
 .section .gnu.linkonce.n.x
 .section .gnu.linkonce.p.x
 .section .rodata1.x
 .section .gnu.warning.x
 .section .strtab2
 .section .gnu_object_only
""",
        "groups": r"""
 .section .text.f,"axG",@progbits,f,comdat
 .weak f
f: call x
 .section .text.g,"axG",@progbits,g
 call x
 .section .text.h,"axG",@progbits,h,comdat
 h: nop
 .section .text.k,"axG",@progbits,f,comdat
 nop
""",
        "flags, types, unique sections": r"""
 .section .text.f,"axG",@progbits,f,comdat
 .weak f
f: nop
 .section .rodata.f,"aG",@progbits,f,comdat
 .word 1
 .section .text.g,"axG",@progbits,g
 nop
 .section .text.h,"ax",@progbits,unique,1
 nop
 .section .text.h,"ax",@progbits,unique,2
 nop
 nop
 .section .text.h
 .word 3
 .section .meta,"ao",@progbits,.text.h
 .word 4
 .section foo,"0x6",@progbits
 .section bar,"awR",@0x70000005
 .section .str,"aMS",@progbits,1
 .string "ab"
 .section .str2,"aMS",%progbits,2
 .section .ex,"e"
 .section .tls,"awT"
 .section .text.f,"?ax"
 .data
 .word f, g
""",
        "symbols": r"""
 .type foo,@function
foo: nop
 .size foo, .-foo
 .set a1, foo
 .set a2, foo+2
 .set a3, late
a4 = foo - 1
 .type late,@function
late: nop
 .size late, 4
 .set a5, a1
 .set a6, und8
 .word a6, a1
 .set a7, und9+4
 .word a7
 .globl a8
 .set a8, und10
 .set a9, a10
 .set a10, foo
 .variant_cc foo
 .set a11, foo
""",
        "symbols that are only mentioned": r"""
 .globl und1
 .weak und2
 .hidden und3
 .type und4,@function
 .size und5, 4
 .extern und6
 .globl und7
 .weak und7
 .type und7,@object
 .set x, und8
 .word und9 - .
 .local und10
 .if 0
 call und11
 .endif
 .globl x2
 .set x2, 7
""",
        "versions and weak references": r"""
 .symver foo, foo@VERS_1
 .symver bar, bar@@VERS_2
 .symver baz, baz@@@VERS_2
 .symver und, und@VERS_1
 .symver und2, und2@@@VERS_1
 .globl foo
foo: nop
bar: nop
baz: nop
 call und
 call und2
 .weakref alias, target
 call alias
 .weakref alias2, target2
 .weakref alias3, target3
 call target3
 .version "1.0"
 .comm c1, 8
 .comm c2, 8, 16
 .lcomm l1, 3
 .local c3
 .comm c3, 4, 4
 .tls_common t1, 8, 8
 .type t2, @tls_object
 .variant_cc foo
 .set s1, 5
 .equ s2, foo+4
 .eqv s3, s1+1
 .equiv s4, 8
 .globl s2
 .hidden foo
 .protected bar
 .internal baz
 .weak w1
 .weak w2
w2 = foo
 .size foo, .-foo
 .type foo, function
 .type bar, STT_FUNC
 .type baz, "function"
 .type w1, %object
 .extern zork
 .data
 .word s3
 .reloc 0, R_RISCV_NONE, bar
 .reloc 4, R_RISCV_32, bar+3
 .reloc ., R_RISCV_64
 .skip 20
 .stabs "a",1,2,3,4
 .stabn 1,2,3,4
 .stabd 1,2,3
 .func f1
 .endfunc
 .list
 .nolist
 .psize 10,20
 .title "x"
 .sbttl "y"
 .eject
 .lflags 3
 .lsym ls,4
 .noformat
 .common x, 4
 .weak foo3
 .globl foo3
 .dtprelword t2
 .dtpreldword t2+4
 .8byte t2
""",
        "LEB128 of what is known": r"""
 .set y, 300
 .data
.uleb128 -1
 .sleb128 -5
 .uleb128 y
 .sleb128 y
 .uleb128 0xffffffffffffffff
 .uleb128 -128
""",
        "numbers of other kinds": r"""
 .data
 .octa 0x123456789abcdef0123456789abcdef0, 5, -1
 .float 1.5, -2.25e3, 0f3.14, 1
 .double 1.5, 0d3.14e-300, 0e5
 .single 3
 .float16 1.5, 65504, -0.1
 .dc.b 1,2
 .dc.w 3
 .dc.l 4
 .dc.a 5
 .dc.s 1.5
 .dc.d 2.5
 .dcb.b 3, 5
 .dcb.w 2, 0x1234
 .dcb.l 2
 .dcb.d 2, 1.5
 .dcb.s 2, 1.5
 .ds.b 3
 .ds.w 2
 .ds.l 1
 .ds.d 1
 .ds.p 1
 .float inf, nan, -inf
 .half 0x1234
 .hword 5
 .dword 7
 .quad 8
 .string "a", "b\n\t\"\\\001\x41"
 .string8 "x"
 .string16 "xy"
 .string32 "z"
 .string64 "w"
 .ascii "ab"
 .asciz "qr"
""",
        "more numbers of other kinds": r"""
 .data
 .dc 1
 .dc.x 1.5
 .dcb 2, 3
 .dcb.x 2, 3
 .ds 3
 .ds.x 2
 .byte 'a', 'a+1, '\n
 .fill 3, 9, 5
 .fill 2, 3, 0x123456789
 .fill 2, 8, -1
 .fill 2, 8, 0x123456789
 .p2align 4
 .float nan, inf, 0f1, -nan
 .float 0x10
 .double nan, inf, -inf
 .float16 inf, nan, 1e-8, 6e-8
 .float 1e-46, 1e-45, 3.4028235e38, 16777217, 1.00000017881393432617187499
 .double 4.9e-324, 1.7976931348623157e308, 2.2250738585072011e-308
 .text
 .nop
""",
        "floating point": r"""
 .data
 .double 9007199254740993, 9007199254740995, 4.9e-324, 2.2250738585072014e-308
 .float 16777219, 1.4e-45, 2.1e-45, 1.17549435e-38, -0, 0, 123456789.123e-10
 .float16 2049, 2051, 65519, 1e-7, 3e-8, 0.1
 .float .5, 5., 1e3, 1E+3
""",
        "structures": r"""
 .struct 8
a: .space 4
b: .skip 8
 .balign 16
c: .set here, . - a
 .data
 .word a, b, c, here
 .offset 3
d:
 .space 5
e:
 .text
 .nop
 .data
 .word d, e
""",
        "frames": r"""
 .text
f: .cfi_startproc simple
 nop
 .cfi_def_cfa sp, 0
 .cfi_def_cfa x2, -16
 .cfi_offset ra, -8
 .cfi_offset fs0, 16
 .cfi_rel_offset 9, 8
 .cfi_undefined mstatus
 .cfi_same_value 3
 .cfi_register a0, a1
 .cfi_return_column 5
 .cfi_adjust_cfa_offset 32
 .cfi_remember_state
 .cfi_restore_state
 .cfi_window_save
 .cfi_signal_frame
 .cfi_val_offset 4, 24
 .cfi_escape 1,2,3
 .cfi_personality 0x9b, DW.ref.pers
 .cfi_lsda 0x1b, lsda
 .cfi_restore 70
 .cfi_def_cfa_register s0
 .cfi_val_encoded_addr 5, 0x1b, foo
 .cfi_label there
 nop
 .cfi_endproc
g: .cfi_startproc
 .fill 100
 .cfi_def_cfa_offset 1
 .fill 400
 .cfi_def_cfa_offset 2
 .fill 70000
 .cfi_def_cfa_offset 3
 call x
 .cfi_def_cfa_offset 4
 .fill 100
 call x
 .cfi_def_cfa_offset 4
 .fill 400
 call x
 .cfi_def_cfa_offset 4
 .fill 70000
 call x
 .cfi_def_cfa_offset 4
 .cfi_endproc
 .data
lsda: .word 5
""",
        "lines": r"""
 .file 1 "sub/dir/a.c"
 .file 2 "/abs/b.c"
 .file 3 "c.c"
 .file 4 "sub/dir/d.c"
 .loc 1 5
 nop
 .loc 2 6 7 is_stmt 0 basic_block prologue_end epilogue_begin isa 3 discriminator 7
 nop
 .loc 3 4000
 .loc 3 1
 nop
 .loc 4 5 view .LVU1
 .loc 4 6 view .LVU2
 nop
 .loc 4 7 view 0
 .loc 4 7 view -0
 .loc 4 8 view .LVU3
 nop
 .loc 1 9
 .space 60000
 nop
 .loc 1 10
 nop
 .section .text.foo,"ax"
 .loc_mark_labels 1
 .loc 1 3
 nop
label: nop
 .data
 .byte .LVU1,.LVU2,.LVU3
""",
        "registers in frames": r"""
f: .cfi_startproc
 nop
 .cfi_undefined vstart
 .cfi_undefined ft3
 .cfi_undefined fp
 .cfi_undefined 4096+3
 .cfi_undefined v3
 .cfi_offset 100, 16
 .cfi_def_cfa_offset -8
 .cfi_val_offset 100, -800
 .cfi_same_value 1
 .cfi_endproc
""",
        "attributes": r"""
 .attribute 4, 16
 .attribute unaligned_access, 1
 .attribute priv_spec, 1
 .attribute priv_spec_minor, 11
 .attribute 8, 1
 .attribute 7, "abc"
 .attribute 64, 5
 .attribute 65, "str"
 .gnu_attribute 4, 1
 .gnu_attribute 5, "a"
 .ident "x"
 .ident "y"
""",
        "places": r"""
 .text
 .globl f
f:
 .section .text.startup,"ax",@progbits
 .p2align 2,,3
 .balign 8, 0x13
 .balignw 8, 0x1234
 .balignl 16, 0x12345678
 .p2alignw 3, 0xabcd
 .p2alignl 4, 0x01020304, 7
 .align 4
 nop
 .org 100
 nop
 .org . + 4, 0xff
 .data
 .balign 4
 .byte 1
 .p2align 3,0xaa
 .byte 2
 .balign 16,,4
 .byte 3
 .balignw 4,0x55
 .byte 4
 .org 64
x: .skip 4, 0x11
 .space 8
f2:
 .zero 3
 .fill 3
 .fill 2,2
 .fill 2,4,0xdeadbeef
 .bss
 .align 5
b: .space 100
 .section .tbss,"awT",@nobits
 .zero 8
 .section .rodata
 .word b - ., b - b
 .dword f, f+8, -1
 .half 1, 2
 .section .init_array,"aw"
 .8byte f
""",
        "subsections": r"""
 .text
a: nop
 .subsection 2
b: nop
 .word c-a, 1f-b
1:
 .text 1
c: nop
 j a
 .data 1
 .word 7
 .data
 .word 8
 .pushsection .text, 1
 nop
 d:
 .popsection
 .previous
 .word d
 .section .foo,"aw"
 .subsection 3
 .byte 3
 .subsection 1
 .byte 1
 .balign 4
 .previous
 .byte 4
""",
        "code and frames in subsections": r"""
 .text
f: .cfi_startproc
 nop
 beqz a0, far
 .subsection 1
g: .cfi_startproc
 nop
 .cfi_def_cfa_offset 8
 j f
 .cfi_endproc
far: ret
 .previous
 .cfi_def_cfa_offset 16
 nop
 .word far - f
 .cfi_endproc
 .pushsection .text, 3
 .balign 16
 ret
 .popsection
 .section .alt,"a"
 .subsection 1
 .word 1
 .previous
 .word far - ., g - f
""",
    }
)
