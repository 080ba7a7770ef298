// The same computation as a guest and as native code: what the interpreter makes of it must be what the
// compiler makes.
#ifdef __wasm__
#define EXPORT(name) __attribute__((export_name(#name)))
#else
#define EXPORT(name)
#endif

typedef unsigned int u32;
typedef unsigned long long u64;

static u32 state;
static u32 next_random(void) {
  state ^= state << 13;
  state ^= state >> 17;
  return state ^= state << 5;
}

static void sort(u32* values, int count) {
  for (int i = 1; i < count; ++i) {
    const u32 value = values[i];
    int at = i;
    for (; at > 0 && values[at - 1] > value; --at) values[at] = values[at - 1];
    values[at] = value;
  }
}

static u64 fold(u64 hash, u64 value) { return (hash ^ value) * 1099511628211ull; }

static u32 choose(u32 kind, u32 a, u32 b) {
  switch (kind % 7) {
    case 0: return a / (b | 1);
    case 1: return a % (b | 1);
    case 2: return (u32)((int)a >> (b & 31));
    case 3: return a * b;
    case 4: return (u32)__builtin_popcount(a) + (u32)__builtin_clz(b | 1);
    case 5: return (a << (b & 31)) | (a >> (31 & -b));
    default: return a - b;
  }
}

static double smooth(double x, int steps) {
  for (int i = 0; i < steps; ++i) x = x / 2 + 1 / (x + 1) - (x > 3 ? 0.25 : -0.125);
  return x;
}

EXPORT(mix) u64 mix(u32 seed) {
  static u32 values[97];
  u64 hash = 14695981039346656037ull;
  state = seed | 1;
  for (int i = 0; i < 97; ++i) values[i] = choose(next_random(), next_random(), next_random());
  sort(values, 97);
  for (int i = 0; i < 97; ++i) hash = fold(hash, values[i] | (u64)i << 32);
  for (int i = 0; i < 20; ++i) {
    const double wide = smooth((double)(int)next_random() / 65536, 10);
    const float narrow = (float)next_random() * (1.0f / 3) + (float)wide;
    union {
      double f;
      u64 bits;
    } w = {wide};
    union {
      float f;
      u32 bits;
    } n = {narrow};
    hash = fold(fold(hash, w.bits), n.bits);
    hash = fold(hash, (u64)(long long)(wide * 1000));
  }
  return hash;
}
