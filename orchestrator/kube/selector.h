#pragma once
#include "support/json.h"

namespace pipit::kube {

/// Whether `labels` (an object of strings) satisfies a LabelSelector (matchLabels and matchExpressions). An
/// empty selector matches everything; a malformed one or an unknown operator matches nothing.
bool matches_selector(const support::Json& selector, const support::Json& labels);

/// Whether `labels` satisfies one list of requirements {key, operator, values} with In, NotIn, Exists,
/// DoesNotExist and, as node affinity has them, Gt and Lt.
bool matches_requirements(const support::Json& requirements, const support::Json& labels);

}  // namespace pipit::kube
