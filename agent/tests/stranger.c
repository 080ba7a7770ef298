/* Imports something no device has. */
__attribute__((import_module("env"), import_name("mystery"))) int mystery(void);

int main(void) { return mystery(); }
