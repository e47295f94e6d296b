//! Files in a `multipart/form-data` body (RFC 7578). Names come from [`crate::carried`] and cannot break out of a header.

use sha2::{Digest, Sha256};
use ttai_ports::Attachment;

use crate::carried::hex;

/// The content type and the body: `payload_json` and then `files[n]`.
pub(crate) fn with_files(payload_json: &[u8], files: &[Attachment]) -> (String, Vec<u8>) {
    let boundary = boundary(payload_json, files);
    let mut body = Vec::with_capacity(
        payload_json.len() + files.iter().map(|file| file.bytes.len() + 300).sum::<usize>(),
    );
    part(&mut body, &boundary, "name=\"payload_json\"", "application/json", payload_json);
    for (number, file) in files.iter().enumerate() {
        let disposition = format!("name=\"files[{number}]\"; filename=\"{}\"", file.file_name);
        part(&mut body, &boundary, &disposition, &file.media_type, &file.bytes);
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

fn part(body: &mut Vec<u8>, boundary: &str, disposition: &str, media_type: &str, bytes: &[u8]) {
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\nContent-Type: {media_type}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n");
}

/// A digest of everything between the boundaries: nobody can write a file that holds its own digest.
fn boundary(payload_json: &[u8], files: &[Attachment]) -> String {
    let mut digest = Sha256::new();
    digest.update(payload_json);
    for file in files {
        digest.update(&file.bytes);
    }
    format!("ttai-{}", &hex(&digest.finalize())[..40])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_holds_the_json_and_the_files_as_they_are() {
        let file = Attachment {
            file_name: "a.png".to_owned(),
            media_type: "image/png".to_owned(),
            bytes: vec![0, 13, 10, 255],
        };
        let (content_type, body) = with_files(b"{}", &[file]);
        let boundary = content_type.split_once("boundary=").unwrap().1;
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"payload_json\"\r\nContent-Type: application/json\r\n\r\n{{}}\r\n--{boundary}\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
        );
        let wanted =
            [head.as_bytes(), &[0, 13, 10, 255], format!("\r\n--{boundary}--\r\n").as_bytes()].concat();
        assert_eq!(body, wanted);
    }
}
