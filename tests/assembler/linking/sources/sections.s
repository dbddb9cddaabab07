# Sections of every kind, for scripts to place and to forget.
 .section .entry,"ax"
 .globl _entry
_entry: call main
 .section .head.text,"ax"
 nop
 la a0, __bss_start_x
 .section trampsec,"ax"
 .globl tramp
tramp: la a0, tramp
 .section .note.foo,"a",@note
 .word 1,2,3
 .section .ov1,"ax"
 ret
 .section .ov2,"aw"
 .word 5,6
 .section .mine.2,"a"
 .word 2
 .section .mine.1,"a"
 .word 1
 .section orphan1,"ax"
 nop
 .section orphan2,"aw"
 .dword orphan2
 .section orphan3,"a"
 .word 3
 .section orphan_bss,"aw",@nobits
 .space 40
 .section orphan_note
 .word 9
 .section .note.bar,"a",@note
 .word 1
 .section .z_init_EARLY_P_2_x,"a"
 .word 2
 .section .z_init_EARLY_P_1_x,"a"
 .word 1
 .section .data..init_task,"aw"
 .word 77
 .weak __bss_start_x
 .weak jiffies_64
 .data
 .globl jiffies_64
jiffies_64: .dword 0
 .section .init.text,"ax"
 call tramp
 .comm cmn1,24,8
 .comm cmn2,3,1
 .comm cmn3,100,32
