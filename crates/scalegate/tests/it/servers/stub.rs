//! A server that answers as llama.cpp's does, with times of its own making, or misbehaves. It is this test program, started again.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

/// Says how the server behaves, and where it listens.
const BEHAVIOUR: &str = "SCALEGATE_STUB";
const PORT: &str = "SCALEGATE_STUB_PORT";

/// What all that a server starts has in its environment, and nothing else.
const TAG: &str = "SCALEGATE_STUB_TAG";

/// The words that start the server at the port that `{port}` stands for.
pub(crate) fn command(behaviour: &str, tag: &str) -> Vec<String> {
    let own = std::env::current_exe().unwrap().to_string_lossy().into_owned();
    let variables =
        [(BEHAVIOUR, behaviour), (PORT, "{port}"), (TAG, tag)].map(|(name, value)| format!("{name}={value}"));
    let words = ["env", &variables[0], &variables[1], &variables[2], &own];
    let filter = ["--exact", "servers::stub::serve", "--ignored", "--nocapture"];
    words.into_iter().chain(filter).map(str::to_owned).collect()
}

/// How many processes run that were started by a server with that tag.
pub(crate) fn processes(tag: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    // Those of other users cannot be read, and are none.
    let environments = all.filter_map(|entry| std::fs::read_to_string(entry.path().join("environ")).ok());
    environments.filter(|text| text.split('\0').any(|line| line == format!("{TAG}={tag}"))).count()
}

/// Not a test: what [`command`] starts.
#[test]
#[ignore = "the server that other tests start"]
#[expect(clippy::print_stdout, reason = "a line that says it is ready")]
#[expect(clippy::zombie_processes, reason = "whoever ends the server has to end what it started")]
fn serve() {
    let Ok(behaviour) = std::env::var(BEHAVIOUR) else { return };
    let port: u16 = std::env::var(PORT).unwrap().parse().unwrap();
    match &*behaviour {
        "ends" => {
            eprintln!("cannot open model.gguf");
            std::process::exit(3);
        }
        "starts another" => {
            Command::new("sleep").arg("1000").spawn().unwrap();
        }
        _ => {}
    }
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let mut seen = BTreeSet::new();
    println!("listening");
    for stream in listener.incoming() {
        let _ = answer(&mut stream.unwrap(), &behaviour, &mut seen);
    }
}

fn answer(stream: &mut TcpStream, behaviour: &str, seen: &mut BTreeSet<String>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let is_get = first.starts_with("GET ");
    if first.starts_with("POST /v1/") && (behaviour == "works" || behaviour == "has no usage") {
        return tokens(stream, &serde_json::from_slice(&body)?, behaviour);
    }
    if first.starts_with("POST /v1/") && behaviour == "sees images" {
        let asked: Value = serde_json::from_slice(&body)?;
        std::thread::sleep(Duration::from_micros(pixels(&asked["messages"][0]["content"][0])));
        if asked["stream"] == true {
            return tokens(stream, &asked, behaviour);
        }
    }
    let (status, text) = match behaviour {
        "never ready" => ("503 Service Unavailable", json!({"error": {"message": "Loading model"}}).to_string()),
        _ if is_get => ("200 OK", r#"{"status":"ok"}"#.to_owned()),
        "dies" => {
            eprintln!("out of memory");
            std::process::exit(7);
        }
        "fails" => ("500 Internal Server Error", json!({"error": {"message": "no slot is free"}}).to_string()),
        "talks nonsense" => ("200 OK", "<html>Welcome!</html>".to_owned()),
        "is slow" => {
            std::thread::sleep(Duration::from_mins(1));
            return Ok(());
        }
        "breaks off" => {
            return stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"timings\":");
        }
        "redirects" => ("302 Found", String::new()),
        _ if first.starts_with("POST /words?n=") => {
            let text: Value = serde_json::from_slice(&body)?;
            let words = text["text"].as_str().unwrap().split(' ').count();
            assert!(first.starts_with(&format!("POST /words?n={words} ")), "{first}");
            ("200 OK", json!({ "took_ms": 0.25 * words as f64 }).to_string())
        }
        _ if first.starts_with("POST /ids?n=") => {
            let ids: Value = serde_json::from_slice(&body)?;
            let known = known(ids.as_array().unwrap());
            assert!(first.starts_with(&format!("POST /ids?n={known} ")), "{first}: {ids}");
            ("200 OK", "{}".to_owned())
        }
        _ => ("200 OK", completion(&serde_json::from_slice(&body)?, behaviour, seen).to_string()),
    };
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {}\r\nlocation: /\r\n\r\n{text}", text.len())
}

/// Streams a token every two milliseconds.
fn tokens(stream: &mut TcpStream, asked: &Value, behaviour: &str) -> std::io::Result<()> {
    let content = &asked["messages"][0]["content"];
    assert!(asked["prompt"].is_array() || content.is_string() || content[0]["image_url"].is_object(), "{asked}");
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")?;
    let new = asked["max_tokens"].as_u64().unwrap();
    for _ in 0..new {
        std::thread::sleep(Duration::from_millis(2));
        let token = json!({ "choices": [{ "text": "a", "delta": { "content": "a" } }] });
        write!(stream, "data: {token}\n\n")?;
    }
    if behaviour != "has no usage" {
        write!(stream, "data: {}\n\n", json!({ "choices": [], "usage": { "completion_tokens": new } }))?;
    }
    write!(stream, "data: [DONE]\n\n")
}

/// The pixels of a part of a message that is a JPEG, by the header of its frame (ITU-T T.81, B.2.2).
fn pixels(part: &Value) -> u64 {
    let url = part["image_url"]["url"].as_str().unwrap();
    let jpeg = BASE64_STANDARD.decode(url.strip_prefix("data:image/jpeg;base64,").unwrap()).unwrap();
    let frame = jpeg.windows(9).find(|bytes| bytes[0] == 0xff && (0xc0..=0xc2).contains(&bytes[1])).unwrap();
    let [height, width] = [5, 7].map(|at| u64::from(u16::from_be_bytes([frame[at], frame[at + 1]])));
    width * height
}

/// By what a server multiplies its times, which lies where it is started: a program that an edit makes slower. With a little noise.
fn factor(behaviour: &str, asked: u64) -> f64 {
    if behaviour != "reads its factor" {
        return 1.0;
    }
    let text = std::fs::read_to_string("factor").unwrap();
    text.trim().parse::<f64>().unwrap() * (1.0 + 1e-4 * (asked % 41) as f64)
}

/// How many ids of a prompt are in a vocabulary of three.
fn known(ids: &[Value]) -> usize {
    ids.iter().filter(|id| (11..=13).contains(&id.as_u64().unwrap())).count()
}

/// Prompts take 2 ms and half a millisecond for each token, and a further token 1 ms and a microsecond for each before it.
fn completion(asked: &Value, behaviour: &str, seen: &mut BTreeSet<String>) -> Value {
    let Some(prompt) = asked["prompt"].as_array() else {
        let timings = json!({ "prompt_n": 1, "cache_n": 0, "prompt_ms": 0.5, "predicted_n": 1, "predicted_ms": 0.0 });
        return json!({ "timings": timings });
    };
    let (n, new) = (prompt.len() as f64, asked["n_predict"].as_u64().unwrap());
    let is_seen = !seen.insert(asked["prompt"].to_string());
    let cached = if behaviour == "caches" && is_seen { prompt.len() - 1 } else { 0 };
    let factor = factor(behaviour, prompt.iter().filter_map(Value::as_u64).sum());
    let new = if behaviour == "stops early" { 1 } else { new };
    json!({ "timings": {
        "prompt_n": if behaviour == "knows three ids" { known(prompt) } else { prompt.len() - cached },
        "cache_n": cached,
        "prompt_ms": if behaviour == "reports NaN" { Value::from("NaN") } else { json!(factor * (2.0 + 0.5 * n)) },
        "predicted_n": new,
        "predicted_ms": (new - 1) as f64 * (1.0 + 1e-3 * n),
    } })
}
