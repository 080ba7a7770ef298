#pragma once

namespace pipit::cli {

/// For commands that have nothing to put in order but files: Ctrl-C and SIGTERM end the process with code 130
/// at once, or behind the file or folder that is being made (support::Unfinished), after which interrupted()
/// is true.
void end_on_interrupt();

}  // namespace pipit::cli
