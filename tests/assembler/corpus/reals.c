/* Floating point in both widths: constants, conversions, comparisons, calls. */
double table[] = {1.0, 0.5, -3.25, 1e300, 1e-300, 3.141592653589793};
float small[4] = {1.5f, -0.0f, 3e38f, 1e-40f};
extern double sine(double), power(double, double);
struct point { float x, y; double weight; };

double polynomial(double x)
{
    double sum = 0;
    for (int i = 0; i < 6; i++)
        sum = sum * x + table[i];
    return sum;
}
float length(struct point p) { return __builtin_sqrtf(p.x * p.x + p.y * p.y); }
double absolute(double x) { return __builtin_fabs(x) - __builtin_copysign(x, table[1]); }
int compare(double a, double b) { return a < b ? -1 : a > b ? 1 : a == b ? 0 : 2; }
long whole(double x, float y) { return (long)x + (int)y + (unsigned)(x * 2) + (long)(unsigned long)y; }
double real(long a, unsigned b, unsigned long c) { return (double)a / b + (float)c; }
double fused(double a, double b, double c) { return __builtin_fma(a, b, c) - a * b + c; }
float mean(const float *p, int n) { float s = 0; for (int i = 0; i < n; i++) s += p[i]; return n ? s / n : 0.0f; }
double simulate(struct point *p, int n)
{
    double energy = 0;
    for (int i = 0; i < n; i++) {
        p[i].x += (float)sine(p[i].weight) * 0.01f;
        p[i].y -= small[i & 3];
        if (p[i].weight != p[i].weight || p[i].x >= 1e10f)
            energy += power(p[i].weight, 2.0) * 1e-3;
        energy += p[i].weight > 0 ? p[i].weight : -p[i].weight;
    }
    return energy;
}
double many(double a, float b, double c, float d, int e, double f, float g, double h, double i, double j, long k)
{
    return a + b * c - d + e * f / g - h + i * j + k + simulate(0, e);
}
