#include <dlfcn.h>
#include <time.h>

#include "bench/wasm/subject.h"

namespace pipit::bench {
namespace {

class NativeSubject final : public Subject {
 public:
  NativeSubject(void* library, void (*init)(), void (*run)(), u64 (*sum)())
      : library_(library), init_(init), run_(run), checksum_(sum) {}
  ~NativeSubject() override { dlclose(library_); }

  support::Result<double> sample(u32 rounds) override {
    double total = 0;
    for (u32 i = 0; i < rounds; ++i) {
      init_();
      const double started = thread_cpu_seconds();
      run_();
      total += thread_cpu_seconds() - started;
    }
    return total;
  }
  support::Result<u64> checksum() override { return checksum_(); }

 private:
  void* library_;
  void (*init_)();
  void (*run_)();
  u64 (*checksum_)();
};

class NativeRuntime final : public Runtime {
 public:
  NativeRuntime(std::string name, std::string folder, std::string variant)
      : name_(std::move(name)), folder_(std::move(folder)), variant_(std::move(variant)) {}
  std::string name() const override { return name_; }

  support::Result<std::unique_ptr<Subject>> load(const std::string& kernel) override {
    const std::string path = folder_ + "/" + kernel + "." + variant_;
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return support::Error(Code::not_found, dlerror());
    const auto find = [&](const char* symbol) { return dlsym(library, symbol); };
    void* parts[] = {find("kernel_init"), find("kernel_run"), find("kernel_checksum")};
    for (void* part : parts)
      if (part == nullptr) return support::Error(Code::malformed, path + ": is no kernel");
    return std::unique_ptr<Subject>(new NativeSubject(library, reinterpret_cast<void (*)()>(parts[0]),
                                                      reinterpret_cast<void (*)()>(parts[1]),
                                                      reinterpret_cast<u64 (*)()>(parts[2])));
  }

 private:
  std::string name_, folder_, variant_;
};

}  // namespace

double thread_cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

std::unique_ptr<Runtime> native_runtime(std::string name, std::string folder, std::string variant) {
  return std::make_unique<NativeRuntime>(std::move(name), std::move(folder), std::move(variant));
}

}  // namespace pipit::bench
