#pragma once
#include <string>

#include "orchestrator/registry/package.h"
#include "support/error.h"

namespace pipit::package {

/// An application that is a folder: a package as `pipit build` writes it, or an application's sources with
/// pipit.yaml, which are built first (warnings go to standard error). not_found for any other folder; errors
/// name it.
support::Result<registry::Package> open_application(const std::string& folder);

}  // namespace pipit::package
