// What starts the same machine under other hypervisors that boot PVH. Their networks are TAP devices, which
// need rights and a name that only whoever starts them knows: TAP stands for it.
#include "rig/vm.h"
#include "support/json.h"

namespace pipit::rig {
namespace {

using support::Json;

/// As a word of a shell.
std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                              "-_./:=,+%@") == word.npos)
    return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + quoted(word);
  return out;
}

/// A configuration file for firecracker --no-api --config-file.
std::string firecracker(const VmOptions& options) {
  Json boot = {{"kernel_image_path", options.kernel}, {"boot_args", options.arguments}};
  if (!options.initrd.empty()) boot["initrd_path"] = options.initrd;
  Json drives = Json::array();
  for (usize i = 0; i < options.disks.size(); ++i)
    drives.push_back({{"drive_id", "disk" + std::to_string(i)},
                      {"path_on_host", options.disks[i]},
                      {"is_root_device", false},
                      {"is_read_only", true}});
  Json config = {{"boot-source", std::move(boot)},
                 {"drives", std::move(drives)},
                 {"machine-config", {{"vcpu_count", 1}, {"mem_size_mib", options.memory_mb}}}};
  if (options.network)
    config["network-interfaces"] = Json::array({{{"iface_id", "net"}, {"host_dev_name", "TAP"}}});
  return support::dump(config, 2);
}

std::string cloud_hypervisor(const VmOptions& options) {
  std::vector<std::string> words = {"cloud-hypervisor",
                                    "--kernel",
                                    options.kernel,
                                    "--cpus",
                                    "boot=1",
                                    "--memory",
                                    "size=" + std::to_string(options.memory_mb) + "M",
                                    "--serial",
                                    "tty",
                                    "--console",
                                    "off"};
  const auto add = [&](const std::string& option, const std::string& value) {
    words.push_back(option);
    words.push_back(value);
  };
  if (!options.initrd.empty()) add("--initramfs", options.initrd);
  if (!options.arguments.empty()) add("--cmdline", options.arguments);
  for (const std::string& disk : options.disks) add("--disk", "path=" + disk + ",readonly=on");
  if (options.network) add("--net", "tap=TAP");
  return joined(words);
}

}  // namespace

std::string command_text(const VmOptions& options, const std::string& hypervisor) {
  if (hypervisor == "firecracker") return firecracker(options);
  if (hypervisor == "cloud-hypervisor") return cloud_hypervisor(options);
  return joined(vm_command(options, "stdio"));
}

}  // namespace pipit::rig
