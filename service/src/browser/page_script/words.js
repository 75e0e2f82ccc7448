// The words by which a field says that it is for a secret: in its name, id, placeholder or label. For facts and masks alike.

const CARD_WORDS = /(card[\s_-]*(number|no\b|num\b)|cardnum|cc[\s_-]*(number|num|csc|cvc|exp)|credit[\s_-]*card|security[\s_-]*code|\bcv[vc]2?\b|\biban\b|kartennummer|num[eé]ro de (la )?carte)/i;
const CODE_WORDS = /(one[\s_-]*time|\botp\b|\b2fa\b|\bmfa\b|\btotp\b|verification[\s_-]*code|auth(entication)?[\s_-]*code|\bsms[\s_-]*code|passcode)/i;
const PASSWORD_WORDS = /(pass(word|wort|phrase)|kennwort|mot de passe|contrase[nñ]a|\bpwd\b)/i;
