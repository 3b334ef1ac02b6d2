// SPDX-License-Identifier: Apache-2.0
// The policy document of the API Management labs, around what its pages put into validate-jwt.
export const LAB_MESSAGE = 'Unauthorized. Access token is missing or invalid.';
export const LAB_BODY = `{"statusCode":401,"message":"${LAB_MESSAGE}"}`;

export const labPolicy = (content) => `<policies>
    <inbound>
        <base />
        <validate-jwt header-name="Authorization" failed-validation-httpcode="401" failed-validation-error-message="${LAB_MESSAGE}">
            ${content}
        </validate-jwt>
    </inbound>
    <backend>
        <base />
    </backend>
    <outbound>
        <base />
    </outbound>
    <on-error>
        <base />
    </on-error>
</policies>
`;
export const labOpenid = (url) => `<openid-config url="${url}" />`;
export const labAudiences = (...values) => `<audiences>${values.map((value) => `<audience>${value}</audience>`).join('')}</audiences>`;
