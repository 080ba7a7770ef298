#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/files.h"
#include "support/process.h"

/// Models compiled to C, on bare boards in QEMU.
namespace pipit::testing {

/// An image that examples/bare/build made, in a folder that goes away again.
class BareImage {
 public:
  BareImage(const std::string& board, const std::string& model, const std::string& name,
            const std::string& main_file, const std::vector<std::string>& budget = {},
            const std::vector<std::string>& environment = {})
      : board_(board), name_(name) {
    folder_ = std::filesystem::temp_directory_path() /
              ("pipit-" + name + "-" + board + "-" + std::to_string(getpid()));
    std::vector<std::string> command = {
        PIPIT_CHECKOUT "/examples/bare/build", board, model, name, main_file, folder_.string()};
    command.insert(command.end(), budget.begin(), budget.end());
    std::vector<std::string> variables = {"PIPIT=" PIPIT_PROGRAM, "PIPIT_ROOT=" PIPIT_CHECKOUT};
    variables.insert(variables.end(), environment.begin(), environment.end());
    const auto built = support::run(command, "", variables);
    ok_ = built.ok() && built->exit_code == 0;
    EXPECT_TRUE(ok_) << (built.ok() ? built->out + built->err : built.error().text);
    if (ok_) std::fprintf(stderr, "%s", built->out.c_str());
  }
  ~BareImage() { std::filesystem::remove_all(folder_); }
  BareImage(const BareImage&) = delete;
  BareImage& operator=(const BareImage&) = delete;
  bool ok() const { return ok_; }
  std::string folder() const { return folder_.string(); }
  /// Of the model's first input, which is int8.
  usize input_bytes() const {
    const auto header = support::read_file((folder_ / (name_ + ".h")).string());
    const std::string text(header.ok() ? std::string(header->begin(), header->end()) : "");
    const usize at = text.find("_INPUT0_ELEMENTS ");
    EXPECT_NE(at, std::string::npos);
    return at == std::string::npos ? 0 : std::stoul(text.substr(at + 17));
  }

  /// What it writes to its serial port when it reads `input` there.
  std::string run(const std::string& input) const {
    std::vector<std::string> command = {"qemu-system-riscv32", "-M", "virt", "-m", "16M", "-bios", "none"};
    if (board_ == "mps2-an386")
      command = {"qemu-system-arm", "-M", "mps2-an386", "-semihosting-config", "enable=on,target=native"};
    for (const char* word :
         {"-icount", "shift=0", "-display", "none", "-monitor", "none", "-serial", "stdio", "-kernel"})
      command.emplace_back(word);
    command.push_back((folder_ / (name_ + "-" + board_)).string());
    const auto ran = support::run(command, input);
    EXPECT_TRUE(ran.ok()) << ran.error().text;
    return ran.ok() ? ran->out : "";
  }

 private:
  std::string board_, name_;
  std::filesystem::path folder_;
  bool ok_ = false;
};

inline std::string board_test_name(const ::testing::TestParamInfo<const char*>& info) {
  return std::string(info.param) == "virt-rv32" ? "VirtRv32" : "Mps2An386";
}

}  // namespace pipit::testing
