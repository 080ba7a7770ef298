#pragma once
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "base/types.h"

namespace pipit::gateway {

enum class Level : u8 { debug, info, warn, error };

/// Lines below `level` are not written. Set once at start.
void set_log_level(Level level);

/// One line on standard error: `time=… level=info event="device admitted" device=waiot-123456`. Any thread.
/// Values are quoted where needed, so that a line stays a line whatever a peer sent.
void log(Level level, std::string_view event,
         std::initializer_list<std::pair<std::string_view, std::string>> fields = {});

}  // namespace pipit::gateway
