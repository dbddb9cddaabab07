#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
struct node { struct node *next; char name[12]; int v; };
static struct node *head;
static int cmp(const void*a,const void*b){ return *(const int*)a-*(const int*)b; }
int main(void){
  int a[20]; for(int i=0;i<20;i++) a[i]=rand()%100;
  qsort(a,20,sizeof a[0],cmp);
  for(int i=0;i<20;i++){ struct node*n=malloc(sizeof*n); snprintf(n->name,12,"n%d",i); n->v=a[i]; n->next=head; head=n; }
  double s=0; for(struct node*n=head;n;n=n->next) s+=sqrt(n->v)+sin(n->v);
  printf("%s %f %d\n",head->name,s,(int)strlen(head->name)); return 0; }
