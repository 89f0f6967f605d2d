//! Sends requests to one server: no proxy, no redirect, a bound on what is read, and a time limit.

use std::io::{BufRead, BufReader, Read};
use std::net::ToSocketAddrs;
use std::time::{Duration, Instant};

use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use super::reply::{Request, error_message};
use crate::{Error, Result};

/// Of an answer: that of a long stream, a few hundred bytes for each token, is far below.
const MAX_BODY: u64 = 64 << 20;

/// A server's address, and how long it may take to answer.
#[derive(Debug)]
pub(super) struct Client {
    base: String,
    agent: Agent,
    timeout: Duration,
}

/// An answer to its end.
#[derive(Debug)]
pub(super) struct Whole {
    pub(super) text: String,
    /// From the request to the last byte, in seconds.
    pub(super) wall_s: f64,
}

impl Client {
    /// For the server at `base`, as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// It is no such address, or that of another machine, which has to be allowed.
    pub(super) fn new(base: &str, allow_remote: bool, timeout: Duration) -> Result<Self> {
        check_address(base, allow_remote)?;
        let agent = Agent::config_builder()
            .timeout_global(Some(timeout))
            // A status is part of what is read, and a redirect would lead elsewhere.
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            // A connection that the server closes meanwhile would fail a request of its own.
            .max_idle_connections(0)
            .user_agent(concat!("scalegate/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        Ok(Self { base: base.trim_end_matches('/').to_owned(), agent, timeout })
    }

    /// The answer to `request`.
    ///
    /// # Errors
    /// There is none, not in time, or not with the status 200.
    pub(super) fn send(&self, request: &Request) -> Result<Whole> {
        let start = Instant::now();
        let response = self.open(request)?;
        let text = self.text(request, response)?;
        Ok(Whole { text, wall_s: start.elapsed().as_secs_f64() })
    }

    /// Calls `take` with each line of the answer and the seconds since the request, and gives the time of the last one.
    ///
    /// # Errors
    /// Those of [`Client::send`], and those of `take`.
    pub(super) fn stream(
        &self,
        request: &Request,
        mut take: impl FnMut(&str, f64) -> Result<(), String>,
    ) -> Result<f64> {
        let start = Instant::now();
        let mut body = self.open(request)?.into_body();
        let mut reader = BufReader::new(body.as_reader().take(MAX_BODY));
        let mut line = String::new();
        loop {
            line.clear();
            let read = reader.read_line(&mut line).map_err(|error| self.unread(request, &error.into()))?;
            let at_s = start.elapsed().as_secs_f64();
            if read == 0 {
                return Ok(at_s);
            }
            take(line.trim_end(), at_s).map_err(|cause| self.nonsense(request, &cause))?;
        }
    }

    /// Whether a `GET` of `path` is answered with 200 within `limit`.
    pub(super) fn is_ok(&self, path: &str, limit: Duration) -> bool {
        let url = format!("{}{path}", self.base);
        let answer = self.agent.get(url).config().timeout_global(Some(limit)).build().call();
        answer.is_ok_and(|response| response.status() == 200)
    }

    /// The error of an answer that has another meaning, or none.
    pub(super) fn nonsense(&self, request: &Request, cause: &str) -> Error {
        let remedy = "the server's `kind` has to be one that it speaks; see docs/programs.md";
        Error::new(self.place(request), format!("its answer makes no sense: {cause}"), remedy)
    }

    /// What a message about a request begins with.
    pub(super) fn place(&self, request: &Request) -> String {
        format!("{} {}{}", request.method, self.base, request.path)
    }

    fn open(&self, request: &Request) -> Result<Response<Body>> {
        let mut builder =
            ureq::http::Request::builder().method(&*request.method).uri(format!("{}{}", self.base, request.path));
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let answer = match &request.body {
            Some(body) => builder.body(&**body).map(|request| self.agent.run(request)),
            None => builder.body(()).map(|request| self.agent.run(request)),
        };
        let malformed = |error: ureq::http::Error| {
            Error::new(self.place(request), error, "correct the method, the path or a header in the configuration")
        };
        let response = answer.map_err(malformed)?.map_err(|error| self.unread(request, &error))?;
        let status = response.status();
        if status == 200 {
            return Ok(response);
        }
        let body = self.text(request, response).unwrap_or_default();
        let cause = format!("it answered {status}: {}", error_message(&body));
        Err(Error::new(self.place(request), cause, "what the server wrote may tell more; fix the cause and rerun"))
    }

    fn text(&self, request: &Request, mut response: Response<Body>) -> Result<String> {
        let body = response.body_mut().with_config().limit(MAX_BODY);
        body.read_to_string().map_err(|error| self.unread(request, &error))
    }

    fn unread(&self, request: &Request, error: &ureq::Error) -> Error {
        let place = self.place(request);
        match error {
            ureq::Error::Timeout(_) => Error::new(
                place,
                format!("no whole answer came within {} s", self.timeout.as_secs_f64()),
                "give `timeout_s` more seconds, or ask for less",
            ),
            ureq::Error::BodyExceedsLimit(limit) => {
                Error::new(place, format!("its answer has more than {limit} bytes"), "ask for less")
            }
            ureq::Error::Io(error) => Error::new(place, error, "see whether the server still runs there, and rerun"),
            error => Error::new(place, error, "see whether the server still runs there, and rerun"),
        }
    }
}

/// Fails unless `base` is the address of a server, on this machine unless others are allowed.
pub(super) fn check_address(base: &str, allow_remote: bool) -> Result<()> {
    let fail = |cause: &str, remedy: &str| Err(Error::new(base, cause, remedy));
    let uri: Option<Uri> = base.parse().ok();
    let Some((uri, host)) = uri.as_ref().and_then(|uri| Some((uri, uri.host()?))) else {
        return fail("it is no address of a server", "write it as `http://127.0.0.1:8080`");
    };
    if uri.scheme_str() != Some("http") || uri.query().is_some() {
        return fail("only plain HTTP is spoken", "write it as `http://127.0.0.1:8080`; TLS ends at a proxy of yours");
    }
    if allow_remote {
        return Ok(());
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(80);
    let is_here = (host, port)
        .to_socket_addrs()
        .is_ok_and(|mut all| all.len() > 0 && all.all(|address| address.ip().is_loopback()));
    if is_here {
        return Ok(());
    }
    fail(
        "it is another machine, or one that is not known",
        "name a server on this machine, or set `allow_remote = true`: requests then leave the machine, and only times are measured",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_of_this_machine_unless_others_are_allowed() {
        for here in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:80/v2", "http://localhost:1"] {
            assert_eq!(check_address(here, false), Ok(()), "{here}");
        }
        for elsewhere in ["http://10.0.0.1:80", "http://0.0.0.0:80", "http://[2001:db8::1]", "http://no.invalid"] {
            let error = check_address(elsewhere, false).unwrap_err();
            assert_eq!(error.cause(), "it is another machine, or one that is not known", "{elsewhere}");
            assert_eq!(check_address(elsewhere, true), Ok(()), "{elsewhere}");
        }
        for none in
            ["", "127.0.0.1:80", "http://", "http://a b", "ftp://127.0.0.1", "https://127.0.0.1", "http://127.0.0.1/?x"]
        {
            assert!(check_address(none, true).is_err(), "{none}");
        }
    }
}
