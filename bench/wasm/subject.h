#pragma once
#include <memory>
#include <string>

#include "support/error.h"

/// Benchmarks of the Wasm engines against native code and one another.
namespace pipit::bench {

/// One kernel loaded by one engine, ready to be measured.
class Subject {
 public:
  virtual ~Subject() = default;
  /// Runs the kernel `rounds` times, each after its initialisation, and adds up the processor seconds that
  /// the runs alone took.
  virtual support::Result<double> sample(u32 rounds) = 0;
  /// The result's hash after the last round.
  virtual support::Result<u64> checksum() = 0;
};

/// One way to execute kernels: a column of the table.
class Runtime {
 public:
  virtual ~Runtime() = default;
  /// "v8 simd"
  virtual std::string name() const = 0;
  /// Loads kernel `kernel` ("gemm"). unsupported when this runtime cannot run it at all, with the reason.
  virtual support::Result<std::unique_ptr<Subject>> load(const std::string& kernel) = 0;
};

/// Processor time of this thread in seconds.
double thread_cpu_seconds();

/// Shared objects FOLDER/KERNEL.VARIANT, called directly: native code, and what wasm2c makes.
std::unique_ptr<Runtime> native_runtime(std::string name, std::string folder, std::string variant);

/// V8 in one Node process for all kernels; `variant` is scalar.wasm or simd.wasm. Every function is compiled
/// by the optimising compiler before it runs.
class NodeProcess;
support::Result<std::shared_ptr<NodeProcess>> start_node(const std::string& driver);
std::unique_ptr<Runtime> node_runtime(std::shared_ptr<NodeProcess> node, std::string name, std::string folder,
                                      std::string variant);

}  // namespace pipit::bench
