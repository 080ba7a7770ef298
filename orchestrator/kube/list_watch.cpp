#include "orchestrator/kube/list_watch.h"

#include <chrono>

namespace pipit::kube {

using support::Json;
using support::text_at;

namespace {
constexpr usize kMaxObjects = 200'000;

std::string key_of(const Json& object) {
  return text_at(object, {"metadata", "namespace"}) + "/" + text_at(object, {"metadata", "name"});
}

std::string with_query(const std::string& path, const std::string& query) {
  return query.empty() ? path : path + "?" + query;
}

std::string join(const std::string& a, const std::string& b) { return a.empty() ? b : a + "&" + b; }

i64 now_seconds() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}
}  // namespace

Result<std::map<std::string, Json>> ListWatch::fetch_pages(std::string& version) const {
  std::map<std::string, Json> objects;
  std::string next;
  do {
    std::string query = join(options_.query, "limit=" + std::to_string(options_.page_size));
    if (!next.empty()) query += "&continue=" + encode_component(next);
    Json page = TRY(reader_.get(with_query(options_.path, query)));
    version = text_at(page, {"metadata", "resourceVersion"});
    next = text_at(page, {"metadata", "continue"});
    const auto items = page.find("items");
    if (version.empty() || items == page.end() || !(items->is_array() || items->is_null()))
      return ApiError(Code::malformed, options_.path + ": answer is no list");
    for (Json& item : *items) {
      if (!item.is_object()) return ApiError(Code::malformed, options_.path + ": list item is no object");
      if (options_.keep && !options_.keep(item)) continue;
      if (objects.size() >= kMaxObjects)
        return ApiError(Code::out_of_memory, options_.path + ": too many objects");
      std::string key = key_of(item);
      objects[std::move(key)] = std::move(item);
    }
  } while (!next.empty());
  return objects;
}

Status ListWatch::list() {
  std::string version;
  std::map<std::string, Json> objects = TRY(fetch_pages(version));
  std::vector<std::string> vanished;
  for (const auto& [key, known] : known_)
    if (!objects.contains(key)) vanished.push_back(key);
  for (const std::string& key : vanished) deliver_removed(key, nullptr);
  for (auto& [key, object] : objects) deliver(std::move(object));
  version_ = version;
  if (!synced_) {
    synced_ = true;
    sink_({Delta::Type::synced, nullptr});
  }
  return {};
}

void ListWatch::deliver_removed(const std::string& key, Json object) {
  const auto known = known_.find(key);
  if (known == known_.end()) return;
  if (!object.is_object()) {
    const usize slash = key.find('/');
    object = {
        {"metadata",
         {{"namespace", key.substr(0, slash)}, {"name", key.substr(slash + 1)}, {"uid", known->second.uid}}}};
  }
  known_.erase(known);
  sink_({Delta::Type::removed, std::move(object)});
}

void ListWatch::deliver(Json object) {
  const std::string key = key_of(object);
  const std::string uid = text_at(object, {"metadata", "uid"});
  const std::string version = text_at(object, {"metadata", "resourceVersion"});
  if (const auto known = known_.find(key); known != known_.end()) {
    if (known->second.version == version && known->second.uid == uid) return;
    if (known->second.uid != uid) deliver_removed(key, nullptr);
  }
  known_[key] = {uid, version};
  sink_({Delta::Type::upsert, std::move(object)});
}

Status ListWatch::handle(WatchType type, Json object) {
  if (type == WatchType::error) {
    const i64 code = support::int_at(object, {"code"}, 500);
    ApiError error = api_error(static_cast<long>(code), object, "watch " + options_.path);
    // "Expired" comes with code 410, and some servers say it by reason alone.
    if (error.reason == "Expired" || error.reason == "Gone") error.status = 410;
    return error;
  }
  const std::string version = text_at(object, {"metadata", "resourceVersion"});
  if (!version.empty()) version_ = version;
  if (type == WatchType::bookmark) return {};
  const bool kept = type != WatchType::deleted && (!options_.keep || options_.keep(object));
  if (kept) {
    deliver(std::move(object));
    return {};
  }
  const std::string key = key_of(object);
  deliver_removed(key, std::move(object));
  return {};
}

Status ListWatch::watch(const std::function<bool()>& cancelled) {
  const std::string query = join(options_.query, "watch=true&allowWatchBookmarks=true&timeoutSeconds=" +
                                                     std::to_string(options_.watch_seconds) +
                                                     "&resourceVersion=" + encode_component(version_));
  WatchDecoder decoder;
  Status outcome;
  i64 last_byte = now_seconds();
  const auto chunk = [&](std::string_view bytes) {
    last_byte = now_seconds();
    Status fed = decoder.feed(bytes, [&](WatchEvent event) {
      if (!outcome.ok()) return;
      outcome = handle(event.type, std::move(event.object));
    });
    if (!fed.ok() && outcome.ok()) outcome = std::move(fed);
    return outcome.ok();
  };
  const auto stop = [&] { return cancelled() || now_seconds() - last_byte > options_.idle_seconds; };
  Status streamed = reader_.stream(with_query(options_.path, query), chunk, stop);
  // A refused watch (410 above all) has a body that is no event: what HTTP said counts.
  if (!streamed.ok() && streamed.error().status != 0) return streamed;
  if (!outcome.ok()) return outcome;
  return streamed;
}

}  // namespace pipit::kube
