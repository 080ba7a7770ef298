// Makes the activations of a QDQ model unsigned, as ONNX Runtime's fastest int8 kernels on x86 want them: the same
// model, 128 added to every activation and its zero point. Works on protobuf wire format (onnx.proto: ModelProto.graph
// = 7; GraphProto.node = 1, initializer = 5; NodeProto.input = 1, op_type = 4; TensorProto.data_type = 2,
// int32_data = 5, name = 8, raw_data = 9).

/** Fields of a message: { number, wire, value: BigInt or Buffer }. */
function fieldsOf(bytes) {
  const fields = [];
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const [number, wire] = [key >> 3, key & 7];
    if (wire === 0) fields.push({ number, wire, value: varint() });
    else {
      const length = wire === 2 ? Number(varint()) : wire === 5 ? 4 : 8;
      fields.push({ number, wire, value: bytes.subarray(at, at + length) });
      at += length;
    }
  }
  return fields;
}

function encodeVarint(value) {
  const bytes = [];
  for (; value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(value)]);
}

function encode(fields) {
  const parts = [];
  for (const { number, wire, value } of fields) {
    parts.push(encodeVarint(BigInt((number << 3) | wire)));
    if (wire === 0) parts.push(encodeVarint(value));
    else parts.push(...(wire === 2 ? [encodeVarint(BigInt(value.length))] : []), value);
  }
  return Buffer.concat(parts);
}

const texts = (fields, number) => fields.filter((f) => f.number === number).map((f) => f.value.toString());

const kInt8 = 3n, kUint8 = 2n;

function unsignedTensor(bytes) {
  const kept = fieldsOf(bytes).map((field) => {
    if (field.number === 2) return { ...field, value: kUint8 };
    if (field.number === 9) return { ...field, value: Buffer.from(field.value.map((byte) => byte ^ 0x80)) };
    if (field.number === 5) throw new Error("zero points are expected as raw data");
    return field;
  });
  return encode(kept);
}

/** The model of `bytes` with unsigned activations. */
export function unsignedActivations(bytes) {
  const model = fieldsOf(bytes);
  const graphField = model.find((field) => field.number === 7);
  const graph = fieldsOf(graphField.value);
  const name = (tensor) => texts(fieldsOf(tensor), 8)[0];
  const constants = new Set(graph.filter((f) => f.number === 5).map((f) => name(f.value)));
  const zeroPoints = new Set();
  for (const field of graph.filter((f) => f.number === 1)) {
    const node = fieldsOf(field.value);
    const op = texts(node, 4)[0];
    const inputs = texts(node, 1);
    if ((op === "QuantizeLinear" || op === "DequantizeLinear") && !constants.has(inputs[0])) zeroPoints.add(inputs[2]);
  }
  const isInt8 = (tensor) => fieldsOf(tensor).some((f) => f.number === 2 && f.value === kInt8);
  const changed = graph.map((field) =>
    field.number === 5 && zeroPoints.has(name(field.value)) && isInt8(field.value)
      ? { ...field, value: unsignedTensor(field.value) }
      : field,
  );
  return encode(model.map((field) => (field === graphField ? { ...field, value: encode(changed) } : field)));
}
