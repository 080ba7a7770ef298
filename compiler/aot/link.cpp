// Linking an object into an image, with LLVM's linker as a library. The linker script puts code and constants
// into one section at address 0; a position-independent link keeps what it could not resolve as dynamic
// relocations, and there must be none.
#include <lld/Common/Driver.h>
#include <llvm/ADT/ScopeExit.h>
#include <llvm/Object/ELFObjectFile.h>
#include <llvm/Support/DataExtractor.h>
#include <sys/mman.h>
#include <unistd.h>

#include <deque>

#include "compiler/aot/emit.h"
#include "support/files.h"

LLD_HAS_DRIVER(elf)

namespace pipit::aot {

using namespace llvm;

namespace {

constexpr const char* kScript = R"(SECTIONS {
  .image 0 : { *(.text .text.*) pna_code_end = .; . = ALIGN(16); *(.rodata .rodata.* .data.rel.ro .data.rel.ro.*) QUAD(0) . = ALIGN(16); }
  .relocations : { *(.rela.* .rel.*) }
  .dynsym : { *(.dynsym) } .hash : { *(.hash) } .gnu.hash : { *(.gnu.hash) } .dynstr : { *(.dynstr) } .dynamic : { *(.dynamic) }
  .stack_sizes 0 : { *(.stack_sizes) }
  .positions 0 : { *(.pna_positions) }
  /DISCARD/ : { *(.ARM.exidx* .ARM.attributes .eh_frame* .debug_frame .comment .note*) }
})";

support::Error internal(const std::string& text) { return {Code::internal, "linking native code: " + text}; }

/// A file without a name in any folder.
class MemoryFile {
 public:
  explicit MemoryFile(const char* name) : descriptor_(memfd_create(name, 0)) {}
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }
  bool write(Bytes bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::write(descriptor_, bytes.data(), bytes.size());
      if (count <= 0) return false;
      bytes = bytes.subspan(static_cast<usize>(count));
    }
    return true;
  }

 private:
  int descriptor_;
};

support::Status link(std::span<const Object> objects, const Target& target, const std::string& out) {
  MemoryFile script("script");
  const std::string text = kScript;
  bool written = script.write(as_bytes(text));
  std::deque<MemoryFile> inputs;
  for (const Object& object : objects) written &= inputs.emplace_back("object").write(object.bytes);
  if (!written) return internal("no memory for the objects");
  std::vector<std::string> words = {"ld.lld",
                                    "-pie",
                                    "--no-dynamic-linker",
                                    "-z",
                                    "text",
                                    "--no-undefined",
                                    "--threads=1",
                                    "--build-id=none",
                                    "--no-relax-gp",
                                    "--orphan-handling=place",
                                    "-m",
                                    target.row->emulation,
                                    "-e",
                                    "0",
                                    "-T",
                                    script.path(),
                                    "-o",
                                    out};
  for (const MemoryFile& input : inputs) words.push_back(input.path());
  std::vector<const char*> arguments;
  arguments.reserve(words.size());
  for (const std::string& word : words) arguments.push_back(word.c_str());
  std::string messages;
  raw_string_ostream stream(messages);
  const lld::Result result = lld::lldMain(arguments, stream, stream, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode != 0) return internal(messages);
  return {};
}

/// Frame sizes: an address and an unsigned LEB128 each (LLVM's .stack_sizes).
u32 largest_frame(StringRef contents, u32 pointer_bytes) {
  u64 largest = 0, at = 0;
  DataExtractor data(contents, true, static_cast<u8>(pointer_bytes));
  while (at < contents.size()) {
    data.getAddress(&at);
    largest = std::max(largest, data.getULEB128(&at));
  }
  return static_cast<u32>(std::min<u64>(largest, ~u32{0}));
}

support::Result<Image> take_apart(const object::ELFObjectFileBase& file, std::span<const Object> objects,
                                  const Target& target, u32 module_bytes) {
  Image image;
  for (const object::ELFSectionRef section : file.sections()) {
    auto name = section.getName();
    auto contents = section.getContents();
    if (!name || !contents) return internal("an unreadable section");
    if (*name == ".image") image.bytes.assign(contents->bytes_begin(), contents->bytes_end());
    if (*name == ".positions") {
      std::vector<const CodePositions*> parts;
      for (const Object& object : objects) parts.push_back(&object.positions);
      image.positions = TRY(encode_positions(*contents, target.row->pointer_bytes, parts, module_bytes));
    }
    if (*name == ".stack_sizes") image.max_frame_bytes = largest_frame(*contents, target.row->pointer_bytes);
    if ((*name == ".relocations" || name->starts_with(".rel")) && section.getSize() != 0)
      return internal("the code does not run at any address: relocations are left");
    if ((*name == ".got" || *name == ".got.plt" || *name == ".data" || *name == ".bss") &&
        section.getSize() != 0)
      return internal("unexpected section " + name->str());
  }
  bool has_functions = false, has_entries = false, has_end = false;
  for (const object::ELFSymbolRef symbol : file.symbols()) {
    auto name = symbol.getName();
    auto value = symbol.getValue();
    if (!name || !value) return internal("an unreadable symbol");
    const auto take = [&](const char* wanted, u32& out, bool& has) {
      if (*name == wanted) out = static_cast<u32>(*value), has = true;
    };
    take("pna_functions", image.functions_at, has_functions);
    take("pna_entries", image.entries_at, has_entries);
    take("pna_code_end", image.code_bytes, has_end);
  }
  if (!has_functions || !has_entries || !has_end || image.bytes.empty())
    return internal("a table is missing");
  return image;
}

}  // namespace

support::Result<Image> link_image(std::span<const Object> objects, const Target& target, u32 module_bytes) {
  // The linker replaces its output file, which a descriptor's name does not survive: it gets a real one.
  char path[] = "/tmp/pipit-aot-XXXXXX";
  const int descriptor = mkstemp(path);
  if (descriptor < 0) return internal("no temporary file");
  ::close(descriptor);
  const scope_exit remove([&] { ::unlink(path); });
  TRY(link(objects, target, path));
  const auto bytes = TRY(support::read_file(path));
  auto file = object::ObjectFile::createELFObjectFile(
      MemoryBufferRef(StringRef(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "image"));
  if (!file) return internal(toString(file.takeError()));
  return take_apart(cast<object::ELFObjectFileBase>(**file), objects, target, module_bytes);
}

}  // namespace pipit::aot
