#pragma once
#include <string>
#include <vector>

namespace pipit::support {

/// Columns padded to their widest cell, for terminals; numbers are right-aligned when `right` says so per
/// column.
std::string format_table(const std::vector<std::string>& header,
                         const std::vector<std::vector<std::string>>& rows,
                         const std::vector<bool>& right = {});
/// "12.3 KB", "1.9 MB"
std::string human_bytes(unsigned long long bytes);

}  // namespace pipit::support
