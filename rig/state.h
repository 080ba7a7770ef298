#pragma once
#include <sys/types.h>

#include <map>
#include <string>
#include <vector>

#include "support/error.h"

namespace pipit::rig {

/// A process by its id and when it started, so that an id that was given to somebody else is never mistaken
/// for ours.
struct ProcessRecord {
  std::string name;
  pid_t pid = 0;
  u64 start_time = 0;  ///< clock ticks since boot, /proc/<pid>/stat field 22

  static ProcessRecord of(std::string name, pid_t pid);
  bool alive() const;
  /// SIGTERM, after `grace_ms` SIGKILL; returns when it is gone.
  void end(int grace_ms) const;
};

/// The one file that says what runs under a name: processes, ports, files. Written after every change, so
/// that whatever a crashed run leaves behind can be found and ended.
class State {
 public:
  /// <state directory>/<name>; name is lower-case letters, digits and dashes.
  static support::Result<State> open(const std::string& name);
  /// A name of its own for each checkout: "<folder>-<six hex digits of its path>".
  static std::string default_name(const std::string& root);

  const std::string& name() const { return name_; }
  /// Folder of everything that belongs to this name.
  const std::string& directory() const { return directory_; }
  std::string path(const std::string& leaf) const { return directory_ + "/" + leaf; }

  /// True while the run that wrote the file is alive.
  bool held() const { return owner_.pid != 0 && owner_.alive(); }
  const ProcessRecord& owner() const { return owner_; }
  const std::vector<ProcessRecord>& processes() const { return processes_; }
  const std::map<std::string, u16>& ports() const { return ports_; }

  /// Makes this process the owner, with an empty folder. already_exists while another run is alive.
  support::Status claim();
  support::Status add_process(const std::string& name, pid_t pid);
  support::Status remove_process(pid_t pid);
  support::Status set_port(const std::string& name, u16 port);
  /// Ends every process still alive, the last started first, and removes the file. Returns how many were
  /// ended.
  int end_all();

 private:
  support::Status save() const;
  std::string name_, directory_;
  ProcessRecord owner_;
  std::vector<ProcessRecord> processes_;
  std::map<std::string, u16> ports_;
};

/// A port on 127.0.0.1 below the range the kernel gives to outgoing connections, so that nobody takes it
/// between now and the start of the service it is for. No two calls in a process yield the same.
support::Result<u16> choose_port();

}  // namespace pipit::rig
