#include "orchestrator/gateway/slot.h"

#include <algorithm>

#include "link/messages.h"

namespace pipit::gateway {

using support::Json;
using support::text_at;

namespace {
constexpr usize kMaxDesiredBytes = 32 * 1024;

std::vector<std::string> texts(const Json* list) {
  std::vector<std::string> out;
  if (list != nullptr && list->is_array())
    for (const Json& item : *list)
      if (item.is_string()) out.push_back(item.get<std::string>());
  return out;
}

Json app_json(const SlotApp& app) {
  Json out = {{"uid", app.uid},
              {"namespace", app.name_space},
              {"name", app.name},
              {"image", app.image_digest},
              {"attempt", app.attempt},
              {"arguments", app.arguments},
              {"environment", app.environment}};
  if (app.owner)
    out["owner"] = {{"kind", app.owner->kind}, {"name", app.owner->name}, {"uid", app.owner->uid}};
  return out;
}

SlotApp app_from(const Json& json) {
  SlotApp app;
  app.uid = text_at(json, {"uid"});
  app.name_space = text_at(json, {"namespace"});
  app.name = text_at(json, {"name"});
  app.image_digest = text_at(json, {"image"});
  app.attempt = static_cast<u32>(std::clamp<i64>(support::int_at(json, {"attempt"}), 0, 1'000'000));
  app.arguments = texts(support::find(json, {"arguments"}));
  app.environment = texts(support::find(json, {"environment"}));
  if (const Json* owner = support::find(json, {"owner"}))
    app.owner = Owner{text_at(*owner, {"kind"}), text_at(*owner, {"name"}), text_at(*owner, {"uid"})};
  return app;
}
}  // namespace

SlotApp slot_app(const PodView& view, const std::string& image_digest, u32 attempt) {
  return {view.uid,     view.name_space, view.name,      view.owner,
          image_digest, attempt,         view.arguments, view.environment};
}

support::Result<std::vector<u8>> encode_desired(const Slot& slot, Bytes manifest) {
  link::Desired desired;
  desired.generation = slot.generation;
  if (slot.app) {
    desired.app = true;
    desired.instance = slot.app->uid;
    desired.attempt = slot.app->attempt;
    desired.manifest = manifest;
    for (const std::string& text : slot.app->arguments)
      if (desired.argument_count < link::kMaxArguments) desired.arguments[desired.argument_count++] = text;
    for (const std::string& text : slot.app->environment)
      if (desired.environment_count < link::kMaxEnvironment)
        desired.environment[desired.environment_count++] = text;
  }
  std::vector<u8> buffer(kMaxDesiredBytes);
  const Bytes written = TRY(link::encode(desired, buffer));
  buffer.resize(written.size());
  return buffer;
}

u64 next_generation(u64 own, u64 reported, i64 now_ms) {
  return std::max({own + 1, reported + 1, static_cast<u64>(std::max<i64>(now_ms, 0))});
}

Json to_json(const Slot& slot) {
  Json out = {{"generation", slot.generation}, {"previous", slot.previous}};
  if (slot.app) out["app"] = app_json(*slot.app);
  return out;
}

Slot slot_from(const Json& json) {
  Slot slot;
  slot.generation = static_cast<u64>(std::max<i64>(support::int_at(json, {"generation"}), 0));
  slot.previous = text_at(json, {"previous"});
  if (const Json* app = support::find(json, {"app"}); app != nullptr && app->is_object())
    slot.app = app_from(*app);
  return slot;
}

}  // namespace pipit::gateway
