// The 9P client against a host that answers from a script or from nothing but chance; rig/vm_device_test.cpp
// has QEMU's.
#include "mewz/files/plan9_files.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

#include "base/endian.h"
#include "mewz/files/mounted_files.h"

namespace pipit::mewz {
namespace {

using plan9::Type;

constexpr u16 kIo = 29, kNoEntry = 44;

/// A message as the host writes it.
class Answer {
 public:
  Answer(u8 type, u16 tag) : bytes_{0, 0, 0, 0, type, static_cast<u8>(tag), static_cast<u8>(tag >> 8)} {}
  template <class T>
  Answer& add(T value) {
    u8 raw[sizeof value];
    store_le(raw, value);
    bytes_.insert(bytes_.end(), raw, raw + sizeof value);
    return *this;
  }
  Answer& text(std::string_view value) {
    add(static_cast<u16>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  Answer& qid(u8 type) { return add(type).add(u32{0}).add(u64{7}); }
  std::vector<u8> finish() {
    store_le(bytes_.data(), static_cast<u32>(bytes_.size()));
    return bytes_;
  }

 private:
  std::vector<u8> bytes_;
};

/// A host whose directory has one file, "file" with "contents", and one link, "up", to "../..".
class Host final : public Plan9Files::Channel {
 public:
  std::function<void(Type, std::vector<u8>&)> change;  ///< a last say on every answer

  Status exchange(Bytes request, MutBytes reply, usize& got) override {
    EXPECT_EQ(load_le<u32>(request.data()), request.size());
    const Type type = static_cast<Type>(request[4]);
    std::vector<u8> answer = respond(type, request, load_le<u16>(&request[5]));
    if (change) change(type, answer);
    got = std::min(answer.size(), reply.size());
    std::memcpy(reply.data(), answer.data(), got);
    return {};
  }

 private:
  std::vector<u8> respond(Type type, Bytes request, u16 tag) {
    Answer answer(static_cast<u8>(static_cast<u8>(type) + 1), tag);
    const u8* const body = &request[7];
    switch (type) {
      case Type::version: return answer.add(load_le<u32>(body)).text("9P2000.L").finish();
      case Type::attach: return answer.qid(plan9::Qid::kDirectory).finish();
      case Type::walk: {
        if (load_le<u16>(body + 8) == 0) return answer.add(u16{0}).finish();
        const std::string_view name = as_text(request.subspan(19, load_le<u16>(body + 10)));
        if (name == "file") return answer.add(u16{1}).qid(0).finish();
        if (name == "up") return answer.add(u16{1}).qid(plan9::Qid::kSymbolicLink).finish();
        return Answer(7, tag).add(u32{2}).finish();  // ENOENT
      }
      case Type::readlink: return answer.text("../..").finish();
      case Type::lopen:
      case Type::lcreate: return answer.qid(0).add(u32{0}).finish();
      case Type::getattr:
        answer.add(u64{0x7FF}).qid(0).add(u32{0100644}).add(u64{0}).add(u64{1}).add(u64{0}).add(u64{8});
        for (u32 i = 0; i < 12; ++i) answer.add(u64{i});
        return answer.finish();
      case Type::read: {
        const u64 offset = std::min<u64>(load_le<u64>(body + 4), 8);
        const std::string_view rest =
            std::string_view("contents").substr(offset).substr(0, load_le<u32>(body + 12));
        answer.add(static_cast<u32>(rest.size()));
        for (const char c : rest) answer.add(static_cast<u8>(c));
        return answer.finish();
      }
      case Type::write: return answer.add(load_le<u32>(body + 12)).finish();
      case Type::readdir: {
        Answer entries(0, 0);
        if (load_le<u64>(body + 4) == 0) entries.qid(0).add(u64{1}).add(u8{8}).text("file");
        const auto raw = entries.finish();
        answer.add(static_cast<u32>(raw.size() - 7));
        for (usize i = 7; i < raw.size(); ++i) answer.add(raw[i]);
        return answer.finish();
      }
      default: return answer.finish();
    }
  }
};

struct Client {
  Host host;
  Plan9Files files;
  std::vector<u8> request = std::vector<u8>(Plan9Files::kMessageBytes), reply = request;
  Status attach() { return files.attach(host, request, reply, "/data"); }
};

/// Every call there is; what they answer is the host's affair.
void use_everything(Plan9Files& files) {
  ports::Files::Stat stat;
  ports::Files::Entry entry;
  u8 buffer[64] = {};
  usize count = 0;
  u64 position = 0;
  bool more = true;
  u32 handle = 0;
  const u16 opened = files.open(0, 1, "file", 0, 0x42, 0, handle);
  if (opened == 0) {
    (void)files.read(handle, buffer, count);
    EXPECT_LE(count, sizeof buffer);
    (void)files.write(handle, {buffer, 10}, count);
    EXPECT_LE(count, sizeof buffer);
    (void)files.seek(handle, 0, 2, position);
    (void)files.stat(handle, stat);
    (void)files.set_size(handle, 3);
    (void)files.sync(handle);
    EXPECT_EQ(files.close(handle), 0);
  }
  for (u64 cookie = 0; cookie < 50 && files.read_directory(0, cookie, entry, more) == 0 && more; ++cookie)
    EXPECT_LE(entry.name.size(), 4096u);
  (void)files.path_stat(0, 1, "up/x", stat);
  (void)files.path_stat(0, 0, "a/b/../file", stat);
  (void)files.readlink(0, "up", buffer, count);
  (void)files.rename(0, "file", 0, "other");
  (void)files.create_directory(0, "new");
  (void)files.unlink_file(0, "file");
}

TEST(Plan9, ReadsWritesAndLists) {
  Client client;
  ASSERT_TRUE(client.attach().ok());
  u32 handle = 0;
  ASSERT_EQ(client.files.open(0, 1, "./file", 0, 0x42, 0, handle), 0);
  u8 buffer[16];
  usize count = 0;
  ASSERT_EQ(client.files.read(handle, buffer, count), 0);
  EXPECT_EQ(as_text({buffer, count}), "contents");
  ASSERT_EQ(client.files.read(handle, buffer, count), 0);
  EXPECT_EQ(count, 0u);
  EXPECT_EQ(client.files.write(handle, as_bytes("xyz"), count), 0);
  EXPECT_EQ(count, 3u);
  ports::Files::Stat stat;
  ASSERT_EQ(client.files.stat(handle, stat), 0);
  EXPECT_EQ(stat.size, 8u);
  EXPECT_EQ(stat.filetype, 4);
  EXPECT_EQ(client.files.close(handle), 0);
  EXPECT_EQ(client.files.open(0, 1, "missing", 0, 2, 0, handle), kNoEntry);
  ports::Files::Entry entry;
  bool more = false;
  ASSERT_EQ(client.files.read_directory(0, 0, entry, more), 0);
  EXPECT_TRUE(more);
  EXPECT_EQ(entry.name, "file");
  ASSERT_EQ(client.files.read_directory(0, 1, entry, more), 0);
  EXPECT_FALSE(more);
}

TEST(Plan9, KeepsPathsInsideWhateverTheHostsLinksSay) {
  constexpr u16 kNotCapable = 76;
  Client client;
  ASSERT_TRUE(client.attach().ok());
  ports::Files::Stat stat;
  for (const char* path : {"..", "/etc", "up", "up/x", "./../x"})
    EXPECT_EQ(client.files.path_stat(0, 1, path, stat), kNotCapable) << path;
  EXPECT_EQ(client.files.path_stat(0, 0, "up", stat), 0);  // the link itself
  EXPECT_EQ(client.files.symlink("/etc", 0, "new"), kNotCapable);
}

struct Lie {
  const char* what;
  Type at;
  std::function<void(std::vector<u8>&)> tell;
};

TEST(Plan9, EndsTheConnectionWhenTheHostBreaksTheProtocol) {
  const Lie kLies[] = {
      {"size", Type::read, [](auto& answer) { answer[0] ^= 1; }},
      {"another reply", Type::read, [](auto& answer) { answer[4] = 119; }},
      {"tag", Type::read, [](auto& answer) { answer[5] = 9; }},
      {"more data than there is", Type::read, [](auto& answer) { answer[7] = 200; }},
      {"cut", Type::read, [](auto& answer) { answer.resize(9), answer[0] = 9; }},
      {"wrote more than it was given", Type::write, [](auto& answer) { answer[7] = 200; }},
      {"walked further than asked", Type::walk, [](auto& answer) { answer[7] = 2; }},
  };
  for (const Lie& lie : kLies) {
    Client client;
    ASSERT_TRUE(client.attach().ok());
    client.host.change = [&](Type type, std::vector<u8>& answer) {
      if (type == lie.at) lie.tell(answer);
    };
    u32 handle = 0;
    u8 buffer[16] = {};
    usize count = 0;
    u16 error = client.files.open(0, 1, "file", 0, 0x42, 0, handle);
    if (error == 0 && lie.at == Type::read) error = client.files.read(handle, buffer, count);
    if (error == 0) error = client.files.write(handle, {buffer, 4}, count);
    EXPECT_EQ(error, kIo) << lie.what;
    client.host.change = nullptr;  // too late
    EXPECT_EQ(client.files.open(0, 1, "file", 0, 2, 0, handle), kIo) << lie.what;
  }
}

TEST(Plan9, RefusesAHostOfAnotherDialect) {
  Client client;
  client.host.change = [](Type type, std::vector<u8>& answer) {
    if (type == Type::version) answer.back() = 'u';
  };
  EXPECT_EQ(client.attach().error().code, Code::unsupported);
}

/// Whatever a host answers: an error or a result, nothing outside of the buffers, no end that never comes.
TEST(Plan9, SurvivesAnyAnswer) {
  std::mt19937 random(3);
  for (u32 round = 0; round < 3000; ++round) {
    Client client;
    ASSERT_TRUE(client.attach().ok());
    u32 countdown = random() % 12;
    client.host.change = [&](Type, std::vector<u8>& answer) {
      if (countdown-- != 0) return;
      countdown = 1 + random() % 8;
      for (u32 i = 1 + random() % 3; i > 0 && answer.size() > 7; --i)
        answer[7 + random() % (answer.size() - 7)] = static_cast<u8>(random());
      if (random() % 8 == 0) answer.resize(7 + random() % 64);
      store_le(answer.data(), static_cast<u32>(answer.size()));
    };
    use_everything(client.files);
  }
}

TEST(MountedFiles, KeepsFileSystemsApart) {
  Client one, two;
  ASSERT_TRUE(one.attach().ok() && two.attach().ok());
  MountedFiles all;
  ASSERT_TRUE(all.add(one.files) && all.add(two.files));
  std::string_view name;
  EXPECT_TRUE(all.preopen(1, name));
  EXPECT_FALSE(all.preopen(2, name));
  u32 first = 0, second = 0;
  ASSERT_EQ(all.open(0, 1, "file", 0, 2, 0, first), 0);
  ASSERT_EQ(all.open(1, 1, "file", 0, 2, 0, second), 0);
  EXPECT_NE(first, second);
  two.host.change = [](Type, std::vector<u8>& answer) { answer.clear(); };
  u8 buffer[8];
  usize count = 0;
  EXPECT_EQ(all.read(first, buffer, count), 0);
  EXPECT_EQ(all.read(second, buffer, count), kIo);
  EXPECT_EQ(all.rename(0, "file", 1, "file"), 75);
  EXPECT_EQ(all.read(2, buffer, count), 8);
}

}  // namespace
}  // namespace pipit::mewz
