#include <cstdio>

#include "cli/command.h"
#include "orchestrator/registry/oci.h"
#include "support/json.h"

namespace pipit::cli {

namespace {

struct Arguments {
  std::string reference, layout;
};

support::Result<std::string> pull(const Arguments& arguments) {
  const registry::Reference reference = TRY(registry::parse_reference(arguments.reference));
  const registry::Artifact artifact = TRY(registry::pull(reference));
  return registry::write_layout(artifact, arguments.layout, reference.tag.empty() ? "latest" : reference.tag);
}

}  // namespace

void register_pull(CLI::App& root, Session& session) {
  CLI::App* command = root.add_subcommand("pull", "get a package from an OCI registry into a layout folder");
  command->footer("example: pipit pull 127.0.0.1:5000/fashion:1.0.0 -o fashion.oci");
  auto arguments = std::make_shared<Arguments>();
  command->add_option("reference", arguments->reference, "host[:port]/repository[:tag][@sha256:…]")
      ->required();
  command->add_option("-o,--layout", arguments->layout, "folder to write")->required();
  add_output(*command, session);
  command->callback([arguments, &session] {
    const auto digest = pull(*arguments);
    if (!digest.ok()) {
      session.exit_code = fail(digest.error());
      return;
    }
    if (session.output == Output::json)
      std::printf("%s\n", support::dump({{"layout", arguments->layout}, {"digest", *digest}}).c_str());
    else
      std::printf("%s  %s\n", digest->c_str(), arguments->layout.c_str());
  });
}

}  // namespace pipit::cli
