#include "orchestrator/gateway/state_file.h"

#include "orchestrator/gateway/log.h"
#include "support/files.h"

namespace pipit::gateway {

using support::Json;

Json StateFile::load(Json::value_t type) const {
  const auto refuse = [this](const std::string& why) {
    log(Level::warn, "state is not readable, starting without",
        {{"what", what_}, {"file", path_}, {"error", why}});
    return Json();
  };
  const auto data = support::read_file(path_);
  if (!data.ok()) return data.error().code == Code::not_found ? Json() : refuse(data.error().text);
  auto json = support::parse_json(as_text(*data));
  if (!json.ok()) return refuse(json.error().text);
  return json->type() == type ? std::move(*json) : refuse("not what was saved");
}

void StateFile::save(const Json& content, i64 now_ms) {
  const std::string text = support::dump(content, 1) + "\n";
  const auto saved = support::write_file(path_, as_bytes(text));
  if (!saved.ok() && !failed_)
    log(Level::error, "state is not saved", {{"what", what_}, {"error", saved.error().text}});
  if (saved.ok() && failed_) log(Level::info, "state is saved again", {{"what", what_}});
  failed_ = !saved.ok();
  retry_ms_ = now_ms + kRetryMs;
}

}  // namespace pipit::gateway
