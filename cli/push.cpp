#include <cstdio>

#include "cli/command.h"
#include "orchestrator/registry/oci.h"
#include "support/json.h"

namespace pipit::cli {

namespace {

struct Arguments {
  std::string layout, reference;
};

support::Result<std::string> push(const Arguments& arguments) {
  const registry::Reference reference = TRY(registry::parse_reference(arguments.reference));
  const registry::Artifact artifact = TRY(registry::read_layout(arguments.layout));
  return registry::push(artifact, reference);
}

}  // namespace

void register_push(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand("push", "put a package into an OCI registry");
  command->footer("example: pipit push build/fashion.oci 127.0.0.1:5000/fashion:1.0.0");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("layout", arguments->layout, "folder that pipit build wrote")->required();
  command->add_option("reference", arguments->reference, "host[:port]/repository[:tag]")->required();
  add_output(*command, session);
  command->callback([arguments, &session] {
    const auto digest = push(*arguments);
    if (!digest.ok()) {
      session.exit_code = fail(digest.error());
      return;
    }
    if (session.output == Output::json)
      std::printf("%s\n", support::dump({{"reference", arguments->reference}, {"digest", *digest}}).c_str());
    else
      std::printf("%s  %s\n", digest->c_str(), arguments->reference.c_str());
  });
}

}  // namespace pipit::cli
