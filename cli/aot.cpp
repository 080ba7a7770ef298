// pipit aot: hands over to pipit-aot, which links LLVM so that nothing else has to.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "cli/command.h"

namespace pipit::cli {

void register_aot(CLI::App& root, Session& session) {
  CLI::App* command =
      root.add_subcommand("aot", "compile a module to native code: pipit aot APP.wasm -o APP.pna");
  command->prefix_command();
  command->set_help_flag();  // pipit-aot has its own
  command->footer("Example: pipit aot app.wasm --target=x86_64-linux --cpu=native -o app.pna");
  command->callback([command, &session] {
    std::error_code ignored;
    const auto compiler =
        std::filesystem::read_symlink("/proc/self/exe", ignored).parent_path() / "pipit-aot";
    const std::string path = compiler.string();
    std::vector<std::string> words = command->remaining();
    std::vector<char*> arguments = {const_cast<char*>(path.c_str())};
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    execv(path.c_str(), arguments.data());
    session.exit_code = fail(support::Error(
        Code::not_found, path + ": " + std::strerror(errno) + ": build pipit-aot beside pipit"));
  });
}

}  // namespace pipit::cli
