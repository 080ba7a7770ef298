#include "cli/package/application.h"

#include <cstdio>

#include "cli/package/build.h"
#include "support/files.h"

namespace pipit::package {

using support::Error;

support::Result<registry::Package> open_application(const std::string& folder) {
  if (support::exists(folder + "/oci-layout")) {
    const auto artifact = TRY(registry::read_layout(folder));
    auto package = registry::from_artifact(artifact);
    if (!package.ok()) return package.take_error().in(folder);
    return package;
  }
  if (!support::exists(folder + "/pipit.yaml"))
    return Error(
        Code::not_found,
        folder + ": neither a package (see pipit build) nor a folder with an application's pipit.yaml");
  BuildOptions options;
  options.folder = folder;
  BuildReport report = TRY(build(options));
  std::fputs(report.warnings.c_str(), stderr);
  return std::move(report.package);
}

}  // namespace pipit::package
