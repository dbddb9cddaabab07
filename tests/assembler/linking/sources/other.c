int ext_arr[64]={1,2,3}; volatile int flag; const char*names[]={"alpha","beta","gamma","ma","a","hello world","world"};
static int t0(int x){return x+1;} static int t1(int x){return x*3;} int (*table[])(int)={t0,t1};
extern int global_init; extern double dd; int zz[1000]; 
const double consts[4]={1.5,2.5,3.5,4.5}; const float f1=1.25f;
int helper(int x){ flag+=x; return t0(flag)+zz[x&3]+(int)(dd*consts[x&3]*f1); }
int never(void){return helper(3)+ext_arr[5];}
long long mulmul(long long a,double b){return a*b+1e10*dd;}
__attribute__((constructor)) static void ctor(void){flag=1;}
__attribute__((destructor)) static void dtor(void){flag=2;}
__thread int tl=5; __thread int tz; int gettl(void){return tl+tz;}
int maybe(int x){return x+gettl();}
