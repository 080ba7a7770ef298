#pragma once
#include "base/types.h"
#include "nn/format.h"

namespace pipit::nn {

/// Reads the tables of a `.pipm` in place. It checks nothing: the verifier looks at a record only after it
/// has checked that the record lies in the file, everybody else gets the view of a verified file.
class ModelView {
 public:
  explicit ModelView(Bytes file) : file_(file.data()) {}

  const format::Header& header() const { return at<format::Header>(0); }
  const format::TensorRecord& tensor(u32 id) const {
    return (&at<format::TensorRecord>(header().tensors_offset))[id];
  }
  const format::OperatorRecord& op(u32 index) const {
    return (&at<format::OperatorRecord>(header().operators_offset))[index];
  }
  /// Ids of the operator's inputs, then of its output.
  const u32* ids(const format::OperatorRecord& op) const { return &at<u32>(op.ids_offset); }
  const u32* inputs() const { return &at<u32>(header().inputs_offset); }
  const u32* outputs() const { return &at<u32>(header().outputs_offset); }

  template <class T>
  const T& at(u32 offset) const {
    return *reinterpret_cast<const T*>(file_ + offset);
  }

 private:
  const u8* file_;
};

}  // namespace pipit::nn
