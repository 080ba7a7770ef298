/* A WASI command of about 700 KB: 4,000 functions reached through a table, of which one run calls a few. What
   loading, validating, translating and compiling cost. */
#define ONE(n)                                    \
  static unsigned f##n(unsigned x, unsigned* p) { \
    unsigned sum = x * (2u * 1##n + 1u);          \
    for (unsigned i = 0; i < (x & 7); i++) {      \
      p[i] += sum ^ (sum >> (1##n % 13 + 1));     \
      if ((p[i] & 15) == 1##n % 16)               \
        sum += p[(i + 1##n) & 7] * (1##n * 77u);  \
      else                                        \
        sum = (sum << (1##n % 5 + 1)) - p[i];     \
    }                                             \
    switch (sum % (1##n % 3 + 2)) {               \
      case 0: return sum + 1##n;                  \
      case 1: return sum ^ p[0];                  \
      default: return p[1] / (p[2] | 1) + 1##n;   \
    }                                             \
  }
#define NAME(n) f##n,
#define TEN(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) m(n##8) m(n##9)
#define HUNDRED(m, n) \
  TEN(m, n##0)        \
  TEN(m, n##1)        \
  TEN(m, n##2) TEN(m, n##3) TEN(m, n##4) TEN(m, n##5) TEN(m, n##6) TEN(m, n##7) TEN(m, n##8) TEN(m, n##9)
#define THOUSAND(m, n) \
  HUNDRED(m, n##0)     \
  HUNDRED(m, n##1)     \
  HUNDRED(m, n##2)     \
  HUNDRED(m, n##3)     \
  HUNDRED(m, n##4) HUNDRED(m, n##5) HUNDRED(m, n##6) HUNDRED(m, n##7) HUNDRED(m, n##8) HUNDRED(m, n##9)
#define ALL(m) THOUSAND(m, 0) THOUSAND(m, 1) THOUSAND(m, 2) THOUSAND(m, 3)

ALL(ONE)
static unsigned (*const table[])(unsigned, unsigned*) = {ALL(NAME)};

static unsigned cells[8];
volatile unsigned result;

__attribute__((export_name("_start"))) void start(void) {
  for (unsigned i = 0; i < 64; i++) result += table[i * 61 % 4000](i, cells);
}
