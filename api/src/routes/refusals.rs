//! What the description of the interface says of refusals: their form, and those that every address knows.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response};

/// The form of every refusal (RFC 9457).
const FORM: &str = "application/problem+json";
/// Where the shape of a refusal is described.
const SHAPE: &str = "#/components/schemas/Problem";
/// What any address may be answered with, whatever it is of.
const EVERYWHERE: &[(&str, &str)] = &[
    ("405", "The address takes no request of this method; `allow` names those that it takes"),
    ("421", "It was asked for by a name that is not this server's"),
    ("500", "Something failed; the log of the server says what"),
];

/// A description whose refusals are told in their form and everywhere.
pub(super) fn told(mut description: OpenApi) -> OpenApi {
    for operation in description.paths.paths.values_mut().flat_map(operations) {
        let responses = &mut operation.responses.responses;
        for response in responses.values_mut() {
            if let RefOr::T(response) = response {
                in_form(response);
            }
        }
        for (status, said) in EVERYWHERE {
            responses.entry((*status).to_owned()).or_insert_with(|| RefOr::T(refusal(said)));
        }
    }
    description
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    path.get.iter_mut().chain(path.post.iter_mut())
}

/// What holds a problem is no plain JSON.
fn in_form(response: &mut Response) {
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(Content { schema: Some(RefOr::Ref(shape)), .. }) => shape.ref_location == SHAPE,
        _ => false,
    };
    if response.content.values().any(is_problem) {
        let contents = std::mem::take(&mut response.content).into_values();
        response.content = contents.map(|content| (FORM.to_owned(), content)).collect();
    }
}

fn refusal(said: &str) -> Response {
    let mut response = Response::new(said);
    response.content.insert(FORM.to_owned(), RefOr::T(Content::new(Some(Ref::new(SHAPE)))));
    response
}

#[cfg(test)]
mod tests {
    use crate::routes::openapi;

    #[test]
    fn every_refusal_is_told_in_its_form() {
        let description = serde_json::to_value(openapi()).unwrap();
        let paths = description["paths"].as_object().unwrap().values();
        for operation in paths.flat_map(|path| path.as_object().unwrap().values()) {
            let (id, responses) = (&operation["operationId"], operation["responses"].as_object().unwrap());
            for status in ["405", "421", "500"] {
                assert!(responses.contains_key(status), "{id} does not tell of {status}");
            }
            for (status, response) in responses.iter().filter(|(status, _)| status.as_str() >= "400") {
                let kinds: Vec<&String> = response["content"].as_object().unwrap().keys().collect();
                assert_eq!(kinds, ["application/problem+json"], "{id}: {status}");
            }
        }
    }
}
