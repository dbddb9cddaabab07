        .globl _start
        .section .text.init, "ax"
_start: la sp, stack_top
        call main
done:   j done
        .bss
        .zero 4096
stack_top:
