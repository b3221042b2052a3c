//! Cookies by the way they travel. Routes know one name for each; under HTTPS a browser keeps it
//! under that name with `__Host-` before it, `Secure` and for the whole host, so that nobody
//! plants one over plain HTTP or from a neighbouring name (RFC 6265bis, section 4.1.3).

use super::serve::Wire;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::middleware::Next;
use axum::response::Response;

const PREFIX: &str = "__Host-";

/// Gives the cookies of a request and its answer the names that fit the connection.
pub async fn fit(mut request: Request, next: Next) -> Response {
    let secure = request
        .extensions()
        .get::<Wire>()
        .is_some_and(|wire| wire.secure);
    if !secure {
        return next.run(request).await;
    }
    strip(request.headers_mut());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let set: Vec<_> = headers.get_all(SET_COOKIE).iter().cloned().collect();
    headers.remove(SET_COOKIE);
    for cookie in set {
        let kept = cookie.to_str().ok().map(prefixed);
        let kept = kept.and_then(|text| HeaderValue::from_str(&text).ok());
        headers.append(SET_COOKIE, kept.unwrap_or(cookie));
    }
    response
}

/// Leaves the cookies that have the prefix, without it.
fn strip(headers: &mut HeaderMap) {
    let all = headers.get_all(COOKIE).iter();
    let all = all.filter_map(|value| value.to_str().ok());
    let ours: Vec<&str> = all
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(PREFIX))
        .collect();
    let ours = HeaderValue::from_str(&ours.join("; "));
    headers.remove(COOKIE);
    if let Ok(ours) = ours
        && !ours.is_empty()
    {
        headers.insert(COOKIE, ours);
    }
}

fn prefixed(cookie: &str) -> String {
    let mut parts: Vec<&str> = cookie.split(';').map(str::trim).collect();
    parts.retain(|part| !part.to_ascii_lowercase().starts_with("path="));
    parts.extend(["Path=/", "Secure"]);
    format!("{PREFIX}{}", parts.join("; "))
}

/// The value of a cookie.
pub fn value<'h>(headers: &'h HeaderMap, wanted: &str) -> Option<&'h str> {
    let all = headers.get_all(COOKIE).iter();
    let all = all.filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == wanted && !value.is_empty())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn under_https_a_cookie_is_of_the_host_alone() {
        let set = "refresh=abc; Path=/api/auth; HttpOnly; SameSite=Strict; Max-Age=60";
        assert_eq!(
            prefixed(set),
            "__Host-refresh=abc; HttpOnly; SameSite=Strict; Max-Age=60; Path=/; Secure"
        );
        let mut headers = HeaderMap::new();
        let sent = "refresh=planted; __Host-refresh=abc; __Host-device=x";
        headers.insert(COOKIE, sent.parse().unwrap());
        strip(&mut headers);
        assert_eq!(headers.get(COOKIE).unwrap(), "refresh=abc; device=x");
        assert_eq!(value(&headers, "device"), Some("x"));
        headers.insert(COOKIE, "refresh=planted".parse().unwrap());
        strip(&mut headers);
        assert_eq!(value(&headers, "refresh"), None);
        assert!(headers.is_empty());
    }
}
