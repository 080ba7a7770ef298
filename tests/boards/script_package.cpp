#include "tests/boards/script_package.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>

#include "cli/wast/native.h"
#include "cli/wast/store.h"
#include "cli/wast/values.h"
#include "support/files.h"
#include "support/json.h"
#include "tests/boards/package.h"
#include "wasm/module_impl.h"

namespace pipit::boards {

namespace fs = std::filesystem;
using support::Json;
using support::text_at;

namespace {

constexpr u32 kPageBytes = 65'536;
constexpr u32 kOthersGrowthPages = 8;  ///< for memories that another module may grow

support::Error wrong(const std::string& text) { return {Code::malformed, text}; }

/// A command's bytes.
class Writer {
 public:
  template <class T>
  void put(const T& value) {
    put(&value, sizeof value);
  }
  void put(const void* data, usize size) {
    const auto* at = static_cast<const u8*>(data);
    bytes_.insert(bytes_.end(), at, at + size);
    bytes_.resize(padded(static_cast<u32>(bytes_.size())));
  }
  void put(const std::string& text) { put(text.data(), text.size()); }
  void put_name(const std::string& name) {
    put(static_cast<u32>(name.size()));
    put(name);
  }
  const std::vector<u8>& bytes() const { return bytes_; }

 private:
  std::vector<u8> bytes_;
};

/// Bits of a number or lane: what `text` allows as mask and value.
support::Result<std::pair<u64, u64>> lane_pattern(const Json& type, const Json& text, u32 bits) {
  const u64 all = bits == 64 ? ~u64{0} : (u64{1} << bits) - 1;
  const u64 nan = type == "f32" ? 0x7FC0'0000 : 0x7FF8'0000'0000'0000;
  if (text == "nan:canonical") return std::pair{all >> 1, nan};
  if (text == "nan:arithmetic") return std::pair{nan, nan};
  std::vector<wasm::Value> slots;
  TRY(wast::append_value({{"type", bits == 64 ? "i64" : "i32"}, {"value", text}}, slots));
  return std::pair{all, slots[0].u64_ & all};
}

support::Status append_patterns(const Json& expected, std::vector<Pattern>& out) {
  const std::string type = text_at(expected, {"type"});
  const auto bits_of = [](const std::string& name) {
    return name.ends_with("64") ? 64u : name.ends_with("32") ? 32u : name == "i16" ? 16u : 8u;
  };
  if (type == "v128") {
    const std::string lane_type = text_at(expected, {"lane_type"});
    const u32 bits = bits_of(lane_type);
    Pattern halves[2] = {};
    const Json* lanes = support::find(expected, {"value"});
    if (lanes == nullptr || lanes->size() * bits != 128) return wrong("not a v128");
    for (u32 i = 0; i < lanes->size(); ++i) {
      const auto [mask, value] = TRY(lane_pattern(lane_type, (*lanes)[i], bits));
      halves[i * bits / 64].mask |= mask << i * bits % 64;
      halves[i * bits / 64].value |= value << i * bits % 64;
    }
    out.insert(out.end(), halves, halves + 2);
  } else if (type.ends_with("ref")) {
    const std::string text = text_at(expected, {"value"});
    if (text.empty()) {  // any reference but null
      out.push_back({.mask = 0xFFFF'FFFF, .value = 0, .differs = 1, .reserved = 0});
      return {};
    }
    std::vector<wasm::Value> slots;
    TRY(wast::append_value(expected, slots));
    out.push_back({.mask = 0xFFFF'FFFF, .value = slots[0].u32_, .differs = 0, .reserved = 0});
  } else {
    const Json* value = support::find(expected, {"value"});
    if (value == nullptr) return wrong("a result without a value");
    const auto [mask, bits] = TRY(lane_pattern(type, *value, bits_of(type)));
    out.push_back({.mask = mask, .value = bits, .differs = 0, .reserved = 0});
  }
  return {};
}

class Packer {
 public:
  Packer(fs::path folder, std::string target, u32 growth_pages, const wasm::Limits& limits)
      : folder_(std::move(folder)),
        target_(std::move(target)),
        growth_pages_(growth_pages),
        limits_(limits) {}

  support::Result<std::vector<u8>> pack(const Json& commands) {
    const Bytes spectest = wast::spectest_module();
    imports_ = true;  // any module may make its memory grow
    TRY(load({spectest.begin(), spectest.end()}, Expectation::success, "", 0, false));
    imports_ = false;
    add(Kind::register_as, 0, 0, [](Writer& out) { out.put_name("spectest"); });
    for (const Json& one : commands) imports_ |= text_at(one, {"type"}) == "register";
    for (usize i = 0; i < commands.size(); ++i)
      if (text_at(commands[i], {"module_type"}) != "text") TRY(command(commands, i));
    PackageHead head{kPackageMagic, count_, static_cast<u32>(sizeof head + body_.size()),
                     limits_.constants_read_own_globals};
    std::vector<u8> package(sizeof head);
    std::memcpy(package.data(), &head, sizeof head);
    package.insert(package.end(), body_.begin(), body_.end());
    return package;
  }

 private:
  template <class Fill>
  void add(Kind kind, u32 line, u32 slot, Fill fill) {
    Writer out;
    fill(out);
    const CommandHead head{kind, line, static_cast<u32>(out.bytes().size()), slot};
    const auto* at = reinterpret_cast<const u8*>(&head);
    body_.insert(body_.end(), at, at + sizeof head);
    body_.insert(body_.end(), out.bytes().begin(), out.bytes().end());
    ++count_;
  }

  support::Status load(const std::vector<u8>& module, Expectation expectation, const std::string& text,
                       u32 line, bool forgets) {
    LoadHead head{.expectation = expectation,
                  .memory_bytes = 0,
                  .native_bytes = 0,
                  .module_bytes = static_cast<u32>(module.size()),
                  .text_bytes = static_cast<u32>(text.size()),
                  .forgets = forgets,
                  .reserved = {}};
    std::vector<u8> native;
    if (expectation != Expectation::malformed) {
      std::vector<u8> space(std::max<usize>(1 << 20, module.size() * 64));
      Arena arena(space);
      const auto valid = TRY(wasm::ValidModule::load(module, arena, limits_));
      const wasm::ModuleImpl& impl = valid.impl();
      constexpr u8 kGrow[] = {0x40, 0x00};  // memory.grow; where it is something else, room is wasted
      const bool grows = !std::ranges::search(module, kGrow).empty();
      const u32 most =
          impl.memory.min + (grows ? growth_pages_ : std::min(growth_pages_, kOthersGrowthPages));
      if (impl.has_memory && !impl.imported_memory)
        head.memory_bytes = std::max<u32>(std::min(impl.memory.max, most), 1) * kPageBytes;
      // As packages are compiled, where nobody can make the memory grow.
      const bool fixed = !grows && !imports_ && impl.memory.min != 0;
      if (fixed && head.memory_bytes != 0) head.memory_bytes = impl.memory.min * kPageBytes;
      native = TRY(wast::compile_for(target_, fixed ? head.memory_bytes : 0, module));
    }
    head.native_bytes = static_cast<u32>(native.size());
    add(Kind::load, line, slots_++, [&](Writer& out) {
      out.put(head);
      out.put(native.data(), native.size());
      out.put(module.data(), module.size());
      out.put(text);
    });
    return {};
  }

  /// Whether nothing from command `at` on, a module, refers to a module before it.
  bool forgets(const Json& commands, usize at) const {
    if (registered_) return false;
    std::vector<std::string> later;
    for (usize i = at; i < commands.size(); ++i) {
      const std::string name = text_at(commands[i], {"name"});
      if (text_at(commands[i], {"type"}) == "module") {
        later.push_back(name);
        continue;
      }
      for (const std::string& used : {name, text_at(commands[i], {"action", "module"})})
        if (!used.empty() && std::ranges::find(later, used) == later.end()) return false;
    }
    return true;
  }

  support::Status command(const Json& commands, usize index) {
    const Json& command = commands[index];
    const std::string type = text_at(command, {"type"}), text = text_at(command, {"text"});
    const u32 line = static_cast<u32>(support::int_at(command, {"line"}));
    const auto module = [&] {
      return support::read_file((folder_ / text_at(command, {"filename"})).string());
    };
    if (type == "module") {
      const bool forgets_others = forgets(commands, index);
      current_ = slots_;
      if (const std::string name = text_at(command, {"name"}); !name.empty()) named_[name] = slots_;
      return load(TRY(module()), Expectation::success, "", line, forgets_others);
    }
    if (type == "register") {
      registered_ = true;
      const std::string as = text_at(command, {"as"});
      add(Kind::register_as, line, TRY(slot(text_at(command, {"name"}))),
          [&](Writer& out) { out.put_name(as); });
      return {};
    }
    if (type == "assert_malformed" || type == "assert_invalid")
      return load(TRY(module()), Expectation::malformed, text, line, false);
    if (type == "assert_unlinkable") return load(TRY(module()), Expectation::unlinkable, text, line, false);
    if (type == "assert_uninstantiable")
      return load(TRY(module()), Expectation::uninstantiable, text, line, false);
    if (type == "assert_trap" || type == "assert_exhaustion")
      return act(command, Expectation::trap, text, line);
    if (type == "assert_return" || type == "action") return act(command, Expectation::success, "", line);
    return support::Error(Code::unsupported, "command " + type);
  }

  support::Result<u32> slot(const std::string& name) const {
    if (name.empty()) return current_;
    const auto found = named_.find(name);
    if (found == named_.end()) return wrong("no module " + name);
    return found->second;
  }

  support::Status act(const Json& command, Expectation expectation, const std::string& text, u32 line) {
    const Json* action = support::find(command, {"action"});
    if (action == nullptr) return wrong("command without an action");
    std::vector<wasm::Value> arguments;
    if (const Json* args = support::find(*action, {"args"}))
      for (const Json& json : *args) TRY(wast::append_value(json, arguments));
    std::vector<Pattern> patterns;
    u32 alternatives = 0;
    if (const Json* either = support::find(command, {"either"})) {
      for (const Json& one : *either) TRY(append_patterns(one, patterns));
      alternatives = static_cast<u32>(either->size());
    } else if (const Json* expected = support::find(command, {"expected"});
               expected != nullptr && expectation == Expectation::success &&
               text_at(command, {"type"}) == "assert_return") {
      for (const Json& one : *expected) TRY(append_patterns(one, patterns));
      alternatives = 1;
    }
    const std::string field = text_at(*action, {"field"});
    const ActionHead head{.expectation = expectation,
                          .arguments = static_cast<u32>(arguments.size()),
                          .alternatives = alternatives,
                          .results = alternatives == 0 ? 0 : static_cast<u32>(patterns.size()) / alternatives,
                          .field_bytes = static_cast<u32>(field.size()),
                          .text_bytes = static_cast<u32>(text.size()),
                          .reserved = {}};
    const Kind kind = text_at(*action, {"type"}) == "get" ? Kind::get : Kind::invoke;
    add(kind, line, TRY(slot(text_at(*action, {"module"}))), [&](Writer& out) {
      out.put(head);
      out.put(arguments.data(), arguments.size() * sizeof(wasm::Value));
      out.put(patterns.data(), patterns.size() * sizeof(Pattern));
      out.put(field);
      out.put(text);
    });
    return {};
  }

  fs::path folder_;
  std::string target_;
  u32 growth_pages_;
  wasm::Limits limits_;
  std::vector<u8> body_;
  u32 count_ = 0, slots_ = 0, current_ = 0;
  std::map<std::string, u32> named_;
  bool registered_ = false;
  bool imports_ = false;  ///< modules import from others than the first
};

}  // namespace

support::Result<std::vector<u8>> package_script(const std::string& path, const std::string& target,
                                                u32 growth_pages) {
  const auto bytes = TRY(support::read_file(path));
  auto json = support::parse_json(as_text(bytes));
  if (!json.ok()) return json.take_error().in(path);
  const Json* commands = support::find(*json, {"commands"});
  if (commands == nullptr || !commands->is_array()) return wrong(path + ": no \"commands\"");
  const wasm::Limits limits = {.constants_read_own_globals = path.find("wasm-3.0/") != path.npos};
  return Packer(fs::path(path).parent_path(), target, growth_pages, limits).pack(*commands);
}

}  // namespace pipit::boards
