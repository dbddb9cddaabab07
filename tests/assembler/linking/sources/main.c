#include <stddef.h>
extern int ext_arr[64]; extern volatile int flag; extern const char *names[]; extern int (*table[])(int);
static int counter; int global_init=42; int global_zero; double dd=3.25; 
__attribute__((weak)) int maybe(int); extern int maybe2(void) __attribute__((weak));
struct big { char a[3000]; } bigone; struct big bigdata={{1,2,3}};
int fib(int n){ return n<2?n:fib(n-1)+fib(n-2); }
__attribute__((noinline)) int sum(const int*p,int n){int s=0;for(int i=0;i<n;i++)s+=p[i];return s;}
int unused_fn(int x){return x*17+global_zero;}
int sw(int x){ switch(x){case 0:return 1;case 1:return 5;case 2:return 7;case 3:return 11;case 4:return 13;case 5: return 99; default:return -1;} }
int helper(int);
int main(void){ counter+=sum(ext_arr,64); flag=counter; if(maybe) counter+=maybe(3); if(maybe2) maybe2();
 counter+=table[1](4)+names[2][1]+(int)dd+bigone.a[7]+bigdata.a[9]+sw(global_init); return helper(counter)+fib(5)+global_zero; }
void _start(void){ main(); for(;;); }
