//! A model without the data of its large tensors, which stay in the file until they are wanted.
//!
//! A decoded model holds its weights beside the bytes that it was decoded from, and tract makes tensors of them while it does. So the
//! data of large initializers are left where they are, and the tensors say that theirs are external: bytes of the same file.

/// Tensors with fewer bytes keep them: operators ask for the values of small ones.
const LARGE: usize = 1 << 16;

/// Numbers of fields in `onnx.proto`.
mod field {
    pub(super) const GRAPH: u64 = 7;
    pub(super) const INITIALIZER: u64 = 5;
    pub(super) const RAW_DATA: u64 = 9;
    pub(super) const EXTERNAL_DATA: u64 = 13;
    pub(super) const DATA_LOCATION: u64 = 14;
}

/// The bytes of the model, and whether data were left out of them; none of bytes that are no model.
pub(super) fn of(bytes: &[u8], file: &str) -> Option<(Vec<u8>, bool)> {
    let mut outline = Outline { file, start: bytes.as_ptr() as usize, shortened: false };
    let model = outline.model(bytes)?;
    Some((model, outline.shortened))
}

struct Outline<'a> {
    file: &'a str,
    /// Where the file begins in memory.
    start: usize,
    shortened: bool,
}

impl Outline<'_> {
    fn model(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for field in Fields(bytes) {
            match field? {
                Field { number: field::GRAPH, content: Some(graph), .. } => {
                    let graph = self.graph(graph)?;
                    put(&mut out, field::GRAPH, &graph);
                }
                field => out.extend_from_slice(field.whole),
            }
        }
        Some(out)
    }

    fn graph(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for field in Fields(bytes) {
            match field? {
                Field { number: field::INITIALIZER, content: Some(tensor), .. } if tensor.len() >= LARGE => {
                    let tensor = self.tensor(tensor)?;
                    put(&mut out, field::INITIALIZER, &tensor);
                }
                field => out.extend_from_slice(field.whole),
            }
        }
        Some(out)
    }

    fn tensor(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let fields: Vec<Field<'_>> = Fields(bytes).collect::<Option<_>>()?;
        let data: Vec<&Field<'_>> = fields.iter().filter(|field| field.number == field::RAW_DATA).collect();
        let is_external = |field: &Field<'_>| matches!(field.number, field::EXTERNAL_DATA | field::DATA_LOCATION);
        let large = match data[..] {
            [Field { content: Some(data), .. }] if data.len() >= LARGE => data,
            _ => return Some(bytes.to_vec()),
        };
        if fields.iter().any(is_external) {
            return Some(bytes.to_vec());
        }
        self.shortened = true;
        let mut out = Vec::new();
        for field in fields.iter().filter(|field| field.number != field::RAW_DATA) {
            out.extend_from_slice(field.whole);
        }
        let offset = large.as_ptr() as usize - self.start;
        let entries = [("location", self.file), ("offset", &offset.to_string()), ("length", &large.len().to_string())];
        for (key, value) in entries {
            let mut entry = Vec::new();
            put(&mut entry, 1, key.as_bytes());
            put(&mut entry, 2, value.as_bytes());
            put(&mut out, field::EXTERNAL_DATA, &entry);
        }
        put_varint(&mut out, field::DATA_LOCATION << 3);
        put_varint(&mut out, 1);
        Some(out)
    }
}

/// A field of a message, as it is encoded.
struct Field<'a> {
    number: u64,
    /// Of a field that has a length.
    content: Option<&'a [u8]>,
    whole: &'a [u8],
}

/// The fields of a message, one after the other; ends with `None` where the bytes are none.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<Field<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field)
    }
}

impl<'a> Fields<'a> {
    fn field(&mut self) -> Option<Field<'a>> {
        let before = self.0;
        let tag = super::parts::varint(&mut self.0)?;
        let content = match tag & 7 {
            0 => super::parts::varint(&mut self.0).map(|_| None)?,
            1 => super::parts::take(&mut self.0, 8).map(|_| None)?,
            5 => super::parts::take(&mut self.0, 4).map(|_| None)?,
            2 => {
                let length = super::parts::varint(&mut self.0)?;
                Some(super::parts::take(&mut self.0, usize::try_from(length).ok()?)?)
            }
            _ => return None,
        };
        Some(Field { number: tag >> 3, content, whole: &before[..before.len() - self.0.len()] })
    }
}

fn put(out: &mut Vec<u8>, number: u64, content: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, content.len() as u64);
    out.extend_from_slice(content);
}

fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
    use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};

    use super::*;

    fn tensor(name: &str, values: usize) -> TensorProto {
        TensorProto {
            name: name.into(),
            dims: vec![values as i64],
            data_type: DataType::Float.into(),
            raw_data: (0..values).flat_map(|value| (value as f32).to_le_bytes()).collect(),
            ..TensorProto::default()
        }
    }

    #[test]
    fn only_large_data_stay_in_the_file_and_are_found_there() {
        let graph =
            GraphProto { initializer: vec![tensor("small", 4), tensor("large", 1 << 15)], ..Default::default() };
        let model = ModelProto { graph: Some(graph), producer_name: "test".into(), ..Default::default() };
        let bytes = model.encode_to_vec();
        let (short, shortened) = of(&bytes, "model.onnx").unwrap();
        assert!(shortened && short.len() < 1000);
        let short = ModelProto::decode(short.as_slice()).unwrap();
        assert_eq!(short.producer_name, "test");
        let [small, large] = &short.graph.unwrap().initializer[..] else { panic!("two tensors") };
        assert_eq!(*small, tensor("small", 4));
        assert_eq!(large.data_location, Some(DataLocation::External as i32));
        let entry = |key: &str| large.external_data.iter().find(|entry| entry.key == key).unwrap().value.clone();
        let [offset, length] = ["offset", "length"].map(|key| entry(key).parse::<usize>().unwrap());
        assert_eq!(bytes[offset..offset + length], tensor("large", 1 << 15).raw_data);
        assert_eq!(entry("location"), "model.onnx");
    }

    #[test]
    fn bytes_that_are_no_model_have_no_outline() {
        assert!(of(&[0x3a, 0xff], "model.onnx").is_none());
        assert!(of(&[0xff; 20], "model.onnx").is_none());
    }
}
