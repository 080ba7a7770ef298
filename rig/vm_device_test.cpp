// The kernel with what QEMU can attach to a machine: disks, directories of the host's, PCI; and what happens
// without.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "rig/initrd.h"
#include "rig/vm.h"
#include "support/files.h"
#include "support/process.h"

namespace pipit::rig {
namespace {

namespace fs = std::filesystem;

constexpr int kPatienceMs = 30'000;

/// A folder of the test's own, gone with it.
struct Folder {
  Folder() : path(fs::path(testing::TempDir()) / ("vm-device-" + std::to_string(getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  std::string file(const std::string& name, const std::string& contents, usize multiple = 1) const {
    std::string padded = contents;
    padded.resize((contents.size() + multiple - 1) / multiple * multiple);
    std::ofstream(path / name, std::ios::binary) << padded;
    return (path / name).string();
  }
  fs::path path;
};

std::string contents(const std::string& path) {
  const auto data = support::read_file(path);
  return data.ok() ? std::string(data->begin(), data->end()) : "";
}

VmOptions machine(const std::string& arguments, const char* initrd = PIPIT_WASM_FOLDER "/mewz_app.wasm") {
  VmOptions options;
  options.kernel = PIPIT_SOURCE_DIR "/build/mewz/bin/mewz";
  options.initrd = initrd;
  options.arguments = arguments;
  options.memory_mb = 16;
  return options;
}

void expect_run(const VmOptions& options, u32 code, const std::string& output) {
  const auto run = run_vm(options, kPatienceMs);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, code) << run->console;
  EXPECT_NE(run->console.find(output), std::string::npos) << "no " << output << " in\n" << run->console;
}

/// What the application wrote.
std::string without_kernel_lines(const std::string& console) {
  std::istringstream in(console);
  std::string out;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("mewz: ")) out += line + "\n";
  return out;
}

constexpr usize kSector = 512;

TEST(MewzDisk, HasAModuleOrAnArchiveWithOne) {
  const Folder folder;
  const std::string module = contents(PIPIT_WASM_FOLDER "/mewz_app.wasm");
  VmOptions options = machine("arg=say arg=disk", "");
  options.disks = {folder.file("module.img", module, kSector)};
  expect_run(options, 0, "app: [disk]");
  const auto archive = make_initrd({{"data.txt", {'x'}}, {"app.wasm", {module.begin(), module.end()}}});
  ASSERT_TRUE(archive.ok());
  options.disks = {folder.file("archive.img", {archive->begin(), archive->end()}, kSector)};
  expect_run(options, 0, "app: [disk]");
}

/// Larger than the memory of the machine: what is not read is not there.
TEST(MewzDisk, MayBeLargerThanMemory) {
  const Folder folder;
  const std::string module = contents(PIPIT_WASM_FOLDER "/mewz_app.wasm");
  const auto archive =
      make_initrd({{"big.bin", std::vector<u8>(40u << 20)}, {"app.wasm", {module.begin(), module.end()}}});
  ASSERT_TRUE(archive.ok());
  VmOptions options = machine("arg=say", "");
  options.disks = {folder.file("large.img", {archive->begin(), archive->end()}, kSector)};
  expect_run(options, 0, "app: HOME=");
}

TEST(MewzDisk, ConfiguresTheApplication) {
  const Folder folder;
  VmOptions options = machine("");
  options.disks = {folder.file("config", "#mewz\narg=say\narg=two words\nenv=HOME=/a b\n", kSector)};
  expect_run(options, 0, "app: [two words] HOME=/a b\n");
  options.disks = {folder.file("wrong", "#mewz\ncolour=red\n", kSector)};
  expect_run(options, 78, "mewz: disk: invalid argument: command line: unknown word (at 6)");
}

TEST(MewzDisk, RefusesWhatIsNoArchive) {
  const Folder folder;
  VmOptions options = machine("", "");
  options.disks = {folder.file("text.img", "hello", kSector)};
  expect_run(options, 65, "neither a module");
}

TEST(MewzPci, RunsOnQ35WithDevicesThatNoFirmwareSetUp) {
  const Folder folder;
  VmOptions options = machine("");
  options.machine = "q35";
  options.disks = {folder.file("config", "#mewz\narg=say\narg=pci\n", kSector)};
  options.network = true;
  expect_run(options, 0, "app: [pci]");
}

TEST(MewzPci, ReachesTheNetworkByMessages) {
  VmOptions options = machine("arg=datagrams", PIPIT_WASM_FOLDER "/mewz_net.wasm");
  options.machine = "q35";
  options.network = true;
  expect_run(options, 0, "datagram pong");
}

/// The programs that show files on Linux end in the same way with the same directory over 9P.
TEST(MewzDirectory, BehavesAsOnLinux) {
  const std::string program = PIPIT_WASM_FOLDER "/files.wasm", native = PIPIT_BIN_FOLDER "/native_files";
  if (!support::exists(program) || !support::exists(native))
    GTEST_SKIP() << "build the host room's tests as well";
  const Folder folder;
  fs::create_directories(folder.path / "linux");
  fs::create_directories(folder.path / "mewz");
  const auto on_linux =
      support::run({"sh", "-c", "cd " + (folder.path / "linux").string() + " && " + native});
  ASSERT_TRUE(on_linux.ok());
  VmOptions options = machine("", program.c_str());
  options.directories = {{(folder.path / "mewz").string(), "/"}};
  const auto run = run_vm(options, kPatienceMs);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_EQ(run->code, 0u);
  EXPECT_EQ(without_kernel_lines(run->console), on_linux->out);
}

TEST(MewzDirectory, CannotBeLeft) {
  const std::string program = PIPIT_WASM_FOLDER "/escape.wasm";
  if (!support::exists(program)) GTEST_SKIP() << "build the host room's tests as well";
  const Folder folder;
  folder.file("secret.txt", "secret");
  const fs::path box = folder.path / "box";
  fs::create_directories(box / "sub");
  std::ofstream(box / "inside.txt") << "inside";
  fs::create_symlink("inside.txt", box / "link-inside");
  fs::create_symlink("..", box / "sub/up");
  fs::create_symlink(folder.path / "secret.txt", box / "link-absolute");
  fs::create_symlink("../secret.txt", box / "link-outside");
  fs::create_symlink("link-outside", box / "link-to-link");
  fs::create_symlink("loop", box / "loop");
  fs::create_symlink("../created.txt", box / "link-dangling");
  VmOptions options = machine("", program.c_str());
  options.directories = {{box.string(), "/"}};
  expect_run(
      options, 0,
      "inside.txt: reached\nlink-inside: reached\nsub/../inside.txt: reached\nsub/up/inside.txt: reached\n"
      "../secret.txt: refused\nsub/../../secret.txt: refused\nlink-absolute: refused\nlink-outside: refused\n"
      "link-to-link: refused\nsub/up/../secret.txt: refused\n/etc/passwd: refused\nloop: refused\n"
      "mkdir 1\nsymlink 1\nrename 1\ncreate 1\nunlink 1\n");
  EXPECT_TRUE(fs::exists(folder.path / "secret.txt"));
  EXPECT_FALSE(fs::exists(folder.path / "made"));
}

TEST(Hypervisors, GetTheSameMachine) {
  VmOptions options = machine("arg=it's%20fine", "/tmp/initrd");
  options.network = true;
  options.disks = {"/tmp/disk"};
  const std::string fire = command_text(options, "firecracker"),
                    cloud = command_text(options, "cloud-hypervisor");
  for (const char* part : {"\"kernel_image_path\"", "\"initrd_path\": \"/tmp/initrd\"", "arg=it's%20fine",
                           "\"mem_size_mib\": 16", "\"path_on_host\": \"/tmp/disk\""})
    EXPECT_NE(fire.find(part), std::string::npos) << part << " is missing in\n" << fire;
  for (const char* part : {"--initramfs /tmp/initrd", "--cmdline 'arg=it'\\''s%20fine'", "size=16M",
                           "path=/tmp/disk,readonly=on"})
    EXPECT_NE(cloud.find(part), std::string::npos) << part << " is missing in\n" << cloud;
}

TEST(MewzBadMachine, IsNamed) {
  expect_run(machine("mount=share:/data"), 78,
             "mewz: mount: not found: the machine has no directory of the host's");
  expect_run(machine("arg=%zz"), 78, "mewz: start-up: invalid argument: command line: expected arg=TEXT");
  VmOptions old = machine("");
  old.more = {"-cpu", "max,-sse4.2"};
  expect_run(old, 78, "mewz: processor: unsupported: processor has no SSE4.2");
  VmOptions small = machine("arg=say");
  small.memory_mb = 2;
  const auto run = run_vm(small, kPatienceMs);
  ASSERT_TRUE(run.ok()) << run.error().text;
  EXPECT_TRUE(run->code == 71 || run->code == 78) << run->console;
  EXPECT_NE(run->console.find("memory"), std::string::npos) << run->console;
}

TEST(MewzBadMachine, RefusesDamagedNativeCode) {
  const auto native = support::read_file(PIPIT_WASM_FOLDER "/mewz_app.pna");
  const auto module = support::read_file(PIPIT_WASM_FOLDER "/mewz_app.wasm");
  if (!native.ok() || !module.ok()) GTEST_SKIP() << "build compiler/aot as well";
  const Folder folder;
  std::vector<u8> damaged = *native;
  damaged[damaged.size() / 2] ^= 1;
  const auto archive = make_initrd({{"app.wasm", *module}, {"app.pna", damaged}});
  ASSERT_TRUE(archive.ok());
  const std::string initrd = folder.file("initrd", {archive->begin(), archive->end()});
  expect_run(machine("", initrd.c_str()), 65, "native module is damaged");
}

}  // namespace
}  // namespace pipit::rig
