__attribute__((import_module("acme:laser"), import_name("fire"))) int laser_fire(int watts);
int main(void) { return laser_fire(5); }
