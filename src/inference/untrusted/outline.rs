//! A model without the data of its large tensors, which stay in the file until they are wanted.
//!
//! A decoded model holds its weights beside the bytes that it was decoded from, and tract makes tensors of them while it does. So the
//! data of large initializers are left where they are, and the tensors say that theirs are external: bytes of the same file.

use std::io::{BufRead, Read, Seek};

/// Tensors with fewer bytes keep them: operators ask for the values of small ones.
const LARGE: u64 = 1 << 16;

/// Numbers of fields in `onnx.proto`.
mod field {
    pub(super) const GRAPH: u64 = 7;
    pub(super) const INITIALIZER: u64 = 5;
    pub(super) const RAW_DATA: u64 = 9;
    pub(super) const EXTERNAL_DATA: u64 = 13;
    pub(super) const DATA_LOCATION: u64 = 14;
}

/// The bytes of a model, which `file` names and has `length` of, and whether data were left out of them; none of what is no model.
pub(super) fn of(model: &mut (impl BufRead + Seek), length: u64, file: &str) -> Option<(Vec<u8>, bool)> {
    let mut outline = Outline { model, at: 0, file, shortened: false };
    let mut out = Vec::new();
    outline.message(
        &mut out,
        length,
        |number, _| number == field::GRAPH,
        |outline, out, end| {
            let is_large = |number, length| number == field::INITIALIZER && length >= LARGE;
            outline.message(out, end, is_large, Outline::tensor)
        },
    )?;
    Some((out, outline.shortened))
}

struct Outline<'a, R> {
    model: &'a mut R,
    /// Bytes read or passed over.
    at: u64,
    file: &'a str,
    shortened: bool,
}

impl<R: BufRead + Seek> Outline<'_, R> {
    /// Copies the message that ends at `end`; of the fields that are `special` what `inner` makes of their content.
    fn message(
        &mut self,
        out: &mut Vec<u8>,
        end: u64,
        special: impl Fn(u64, u64) -> bool,
        inner: impl Fn(&mut Self, &mut Vec<u8>, u64) -> Option<()>,
    ) -> Option<()> {
        while self.at < end {
            let tag = self.varint()?;
            if tag & 7 != 2 {
                put_varint(out, tag);
                self.rest_of(out, tag)?;
                continue;
            }
            let length = self.varint()?;
            let content_ends = self.at.checked_add(length).filter(|ends| *ends <= end)?;
            let mut content = Vec::new();
            if special(tag >> 3, length) {
                inner(self, &mut content, content_ends)?;
            } else {
                self.copy(&mut content, length)?;
            }
            put(out, tag >> 3, &content);
        }
        (self.at == end).then_some(())
    }

    /// The tensor that ends at `end`, without its data if they are large and lie in it.
    fn tensor(&mut self, out: &mut Vec<u8>, end: u64) -> Option<()> {
        let start = self.at;
        let (mut data, mut is_plain) = (None, true);
        while self.at < end {
            let tag = self.varint()?;
            is_plain &= !matches!(tag >> 3, field::EXTERNAL_DATA | field::DATA_LOCATION);
            if tag & 7 != 2 {
                put_varint(out, tag);
                self.rest_of(out, tag)?;
                continue;
            }
            let length = self.varint()?;
            self.at.checked_add(length).filter(|ends| *ends <= end)?;
            if tag >> 3 == field::RAW_DATA && length >= LARGE {
                is_plain &= data.is_none();
                data = Some((self.at, length));
                self.pass(length)?;
            } else {
                let mut content = Vec::new();
                self.copy(&mut content, length)?;
                put(out, tag >> 3, &content);
            }
        }
        match data {
            Some((offset, length)) if is_plain => {
                self.shortened = true;
                let entries =
                    [("location", self.file), ("offset", &offset.to_string()), ("length", &length.to_string())];
                for (key, value) in entries {
                    let mut entry = Vec::new();
                    put(&mut entry, 1, key.as_bytes());
                    put(&mut entry, 2, value.as_bytes());
                    put(out, field::EXTERNAL_DATA, &entry);
                }
                put_varint(out, field::DATA_LOCATION << 3);
                put_varint(out, 1);
            }
            // As it is: what is odd about it is for the decoder to say.
            _ => {
                out.clear();
                let back = i64::try_from(self.at - start).ok()?;
                self.model.seek_relative(-back).ok()?;
                self.at = start;
                self.copy(out, end - start)?;
            }
        }
        Some(())
    }

    /// What comes after the tag of a field without a length.
    fn rest_of(&mut self, out: &mut Vec<u8>, tag: u64) -> Option<()> {
        match tag & 7 {
            0 => put_varint(out, self.varint()?),
            1 => self.copy(out, 8)?,
            5 => self.copy(out, 4)?,
            _ => return None,
        }
        Some(())
    }

    /// Seven bits per byte, the lowest first, up to ten bytes.
    fn varint(&mut self) -> Option<u64> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let mut byte = [0];
            self.model.read_exact(&mut byte).ok()?;
            self.at += 1;
            value |= u64::from(byte[0] & 0x7f).checked_shl(shift)?;
            if byte[0] < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn copy(&mut self, out: &mut Vec<u8>, length: u64) -> Option<()> {
        let copied = Read::take(&mut *self.model, length).read_to_end(out).ok()? as u64;
        self.at += copied;
        (copied == length).then_some(())
    }

    fn pass(&mut self, length: u64) -> Option<()> {
        self.model.seek_relative(i64::try_from(length).ok()?).ok()?;
        self.at += length;
        Some(())
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
    use std::io::Cursor;

    use prost::Message;
    use tract_onnx::pb::tensor_proto::{DataLocation, DataType};
    use tract_onnx::pb::{GraphProto, ModelProto, TensorProto};

    use super::*;

    fn outlined(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
        of(&mut Cursor::new(bytes), bytes.len() as u64, "model.onnx")
    }

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
        let (short, shortened) = outlined(&bytes).unwrap();
        assert!(shortened && short.len() < 1000);
        let short = ModelProto::decode(short.as_slice()).unwrap();
        assert_eq!(short.producer_name, "test");
        let [small, large]: [TensorProto; 2] = short.graph.unwrap().initializer.try_into().unwrap();
        assert_eq!(small, tensor("small", 4));
        assert_eq!(large.data_location, Some(DataLocation::External as i32));
        let entry = |key: &str| large.external_data.iter().find(|entry| entry.key == key).unwrap().value.clone();
        let [offset, length] = ["offset", "length"].map(|key| entry(key).parse::<usize>().unwrap());
        assert_eq!(bytes[offset..offset + length], tensor("large", 1 << 15).raw_data);
        assert_eq!(entry("location"), "model.onnx");
    }

    #[test]
    fn bytes_that_are_no_model_have_no_outline() {
        assert!(outlined(&[0x3a, 0xff]).is_none());
        assert!(outlined(&[0xff; 20]).is_none());
    }

    #[test]
    fn a_tensor_that_says_where_its_data_are_is_left_as_it_is() {
        let odd = TensorProto { data_location: Some(DataLocation::Default as i32), ..tensor("odd", 1 << 15) };
        let graph = GraphProto { initializer: vec![odd, tensor("large", 1 << 15)], ..Default::default() };
        let bytes = ModelProto { graph: Some(graph), ..Default::default() }.encode_to_vec();
        let (short, _) = outlined(&bytes).unwrap();
        let graph = ModelProto::decode(short.as_slice()).unwrap().graph.unwrap();
        let [odd, large]: [TensorProto; 2] = graph.initializer.try_into().unwrap();
        assert_eq!((odd.raw_data.len(), large.raw_data.len()), (1 << 17, 0));
    }
}
