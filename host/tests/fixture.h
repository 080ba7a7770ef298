#pragma once
#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "host/runner.h"
#include "support/files.h"

namespace pipit::host::testing {

/// A folder of the test's own, gone afterwards.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/pipit-host-XXXXXX";
    path_ = mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(*this / name).parent_path());
    std::ofstream(*this / name, std::ios::binary) << text;
  }

 private:
  std::string path_;
};

struct TextConsole final : ports::Console {
  std::string text;
  void write(Bytes bytes) override { text += as_text(bytes); }
};

struct TextInput final : wasi::Input {
  std::string text;
  bool ready() override { return true; }
  Result<usize> read(MutBytes out) override {
    const usize count = std::min(out.size(), text.size());
    std::memcpy(out.data(), text.data(), count);
    text.erase(0, count);
    return count;
  }
};

/// Runs one of the programs of host/tests with what it prints kept.
struct Program {
  TextConsole out, err;
  TextInput in;
  RunOptions options;

  std::unique_ptr<EngineSession> engine;

  /// `metering`: whether native code spends fuel, and so can be stopped from within.
  explicit Program(const std::string& name, const std::string& engine_name = "interp",
                   bool metering = false) {
    // Compiled modules are kept beside the programs: another run of the tests need not compile them again.
    auto made = make_engine({.name = engine_name,
                             .cache_folder = PIPIT_WASM_FOLDER "/native",
                             .metering = metering,
                             .quick = true});
    PIPIT_CHECK(made.ok());
    engine = std::move(made).value();
    options.engine = engine.get();
    auto bytes = support::read_file(std::string(PIPIT_WASM_FOLDER) + "/" + name + ".wasm");
    PIPIT_CHECK(bytes.ok());
    options.module = std::move(bytes).value();
    options.name = name;
    options.out = &out;
    options.err = &err;
    options.in = &in;
  }
  RunReport run() {
    auto report = host::run(options);
    EXPECT_TRUE(report.ok()) << report.error().text;
    return report.ok() ? *report : RunReport{};
  }
};

}  // namespace pipit::host::testing
