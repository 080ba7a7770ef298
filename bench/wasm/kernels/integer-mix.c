/* An integer workload of the kind that CoreMark mixes: a linked list that is searched, reversed and sorted by
   merging, a small matrix in 16-bit integers, a state machine that classifies numbers in a text, and a CRC
   over what they yield. */
#include "kernel.h"

enum { ITEMS = SIZE(48, 48), SIDE = SIZE(12, 12), TEXT = SIZE(480, 480), ROUNDS = SIZE(120, 4) };

static u16 crc16(u16 crc, u16 data) {
  for (i32 bit = 0; bit < 16; bit++, data >>= 1) {
    const u16 carry = (crc ^ data) & 1;
    crc >>= 1;
    if (carry) crc ^= 0xa001;
  }
  return crc;
}

/* The list. */

typedef struct Node {
  struct Node* next;
  i16 value, order;
} Node;
static Node nodes[ITEMS];
static Node* head;

static void list_init(u32 seed) {
  for (i32 i = 0; i < ITEMS; i++) {
    seed = seed * 1103515245u + 12345u;
    nodes[i] = (Node){i + 1 < ITEMS ? &nodes[i + 1] : 0, (i16)(seed >> 16 & 0x7fff), (i16)i};
  }
  head = nodes;
}

static Node* list_reverse(Node* list) {
  Node* done = 0;
  while (list) {
    Node* const next = list->next;
    list->next = done;
    done = list;
    list = next;
  }
  return done;
}

static const Node* list_find(const Node* list, i16 order) {
  while (list && list->order != order) list = list->next;
  return list;
}

typedef i32 (*Compare)(const Node* a, const Node* b);
static i32 by_value(const Node* a, const Node* b) { return a->value - b->value; }
static i32 by_order(const Node* a, const Node* b) { return a->order - b->order; }

/* Bottom-up merge sort: runs of 1, 2, 4… nodes are merged until one is left. */
static Node* list_sort(Node* list, Compare compare) {
  for (i32 run = 1;; run *= 2) {
    Node *rest = list, *sorted = 0, **tail = &sorted;
    i32 merges = 0;
    while (rest) {
      merges++;
      Node *a = rest, *b = rest;
      i32 left = 0, right = run;
      for (; left < run && b; left++) b = b->next;
      while (left > 0 || (right > 0 && b)) {
        const i32 from_a = left > 0 && (right == 0 || !b || compare(a, b) <= 0);
        Node** const from = from_a ? &a : &b;
        from_a ? left-- : right--;
        *tail = *from;
        tail = &(*from)->next;
        *from = (*from)->next;
      }
      rest = b;
    }
    *tail = 0;
    list = sorted;
    if (merges <= 1) return list;
  }
}

static u16 list_work(u16 crc, i32 round) {
  for (i32 i = 0; i < 12; i++) {
    const Node* const found = list_find(head, (i16)((round + i * 5) % ITEMS));
    if (found) crc = crc16(crc, (u16)found->value);
    head = list_reverse(head);
  }
  head = list_sort(head, by_value);
  crc = crc16(crc, (u16)head->value);
  head = list_sort(head, round % 2 ? by_order : by_value);
  for (const Node* node = head; node; node = node->next) crc = crc16(crc, (u16)node->value);
  return crc;
}

/* The matrix. */

static i16 left[SIDE][SIDE], right[SIDE][SIDE];
static i32 product[SIDE][SIDE];

static void matrix_init(u32 seed) {
  for (i32 i = 0; i < SIDE; i++)
    for (i32 j = 0; j < SIDE; j++) {
      seed = seed * 1103515245u + 12345u;
      left[i][j] = (i16)(seed >> 20);
      right[i][j] = (i16)(seed >> 24 & 0xff);
    }
}

static i32 bits(i32 value, i32 from, i32 count) { return value >> from & ~(-1 << count); }

static u16 matrix_work(u16 crc, i16 add) {
  for (i32 i = 0; i < SIDE; i++)
    for (i32 j = 0; j < SIDE; j++) left[i][j] = (i16)(left[i][j] + add);
  for (i32 i = 0; i < SIDE; i++)
    for (i32 j = 0; j < SIDE; j++) {
      i32 sum = 0;
      for (i32 k = 0; k < SIDE; k++) {
        const i32 term = left[i][k] * right[k][j];
        sum += bits(term, 2, 4) * bits(term, 5, 7);
      }
      product[i][j] = sum;
    }
  i32 last = 0, total = 0;
  for (i32 i = 0; i < SIDE; i++)
    for (i32 j = 0; j < SIDE; j++) {
      total += product[i][j] > last ? 10 : product[i][j] % 7;
      last = product[i][j];
    }
  for (i32 i = 0; i < SIDE; i++)
    for (i32 j = 0; j < SIDE; j++) left[i][j] = (i16)(left[i][j] - add);
  return crc16(crc, (u16)total);
}

/* The state machine: which words of a text are whole numbers, decimals, with an exponent, or none. */

enum State { start, sign, whole, point, decimals, exponent, exponent_sign, scientific, invalid, states };
static u8 text[TEXT + 1];
static u32 visits[states], finals[states];

static void text_init(u32 seed) {
  static const char* const words[] = {"5012",     "-874",     "+122",     "35.54400", ".1234500",
                                      "-110.700", "+0.64400", "5.500e+3", "-.123e-2", "-87e+832",
                                      "+0.6e-12", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};
  i32 at = 0;
  while (at < TEXT) {
    seed = seed * 1103515245u + 12345u;
    const char* word = words[(seed >> 16) % 15];
    while (*word && at < TEXT) text[at++] = (u8)*word++;
    if (at < TEXT) text[at++] = ',';
  }
  text[TEXT] = 0;
}

static enum State next_state(enum State state, u8 c) {
  const i32 digit = c >= '0' && c <= '9';
  switch (state) {
    case start:
      if (digit) return whole;
      if (c == '+' || c == '-') return sign;
      return c == '.' ? point : invalid;
    case sign: return digit ? whole : c == '.' ? point : invalid;
    case whole: return digit ? whole : c == '.' ? decimals : c == 'e' ? exponent : invalid;
    case point: return digit ? decimals : invalid;
    case decimals: return digit ? decimals : c == 'e' || c == 'E' ? exponent : invalid;
    case exponent: return c == '+' || c == '-' ? exponent_sign : invalid;
    case exponent_sign:
    case scientific: return digit ? scientific : invalid;
    default: return invalid;
  }
}

static void scan(void) {
  enum State state = start;
  for (const u8* p = text; *p; p++) {
    if (*p == ',') {
      finals[state]++;
      state = start;
      continue;
    }
    state = next_state(state, *p);
    visits[state]++;
  }
  finals[state]++;
}

static u16 text_work(u16 crc, i32 step, u8 noise) {
  for (i32 i = 0; i < states; i++) visits[i] = finals[i] = 0;
  scan();
  for (i32 i = 0; i < TEXT; i += step)
    if (text[i] != ',') text[i] ^= noise;
  scan();
  for (i32 i = 0; i < TEXT; i += step)
    if (text[i] != ',') text[i] ^= noise;
  for (i32 i = 0; i < states; i++) {
    crc = crc16(crc, (u16)visits[i]);
    crc = crc16(crc, (u16)finals[i]);
  }
  return crc;
}

static u32 result;

void KERNEL(init)(void) {
  list_init(0x3415);
  matrix_init(0x3415);
  text_init(0x66);
  result = 0;
}

void KERNEL(run)(void) {
  u16 crc = 0;
  for (i32 round = 0; round < ROUNDS; round++) {
    crc = list_work(crc, round);
    crc = matrix_work(crc, (i16)(crc & 0xff));
    crc = text_work(crc, 3 + round % 5, (u8)(1 + round % 3));
    result = result * 31 + crc;
  }
}

u64 KERNEL(checksum)(void) { return hash_word(HASH_START, result); }
