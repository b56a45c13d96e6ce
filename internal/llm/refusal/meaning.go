package refusal

import "net/http"

// What a refusal is about, by its status, its code and type, and families of
// words, in English and Chinese. A family holds what servers have in common, not
// their sentences: those are in the tests.

var (
	creditGone = words(`(insufficient|not enough|not sufficient|out of|no|any|run out of|used (up )?all)( \w+){0,2}[_ -](quota|credits?|balance|funds|resource packages?)\b` +
		`|insufficient_(quota|credits?|balance|funds)|balance is (too low|insufficient|not enough|negative)|balance .{0,20}insufficient|fewer max_tokens|can only afford` +
		`|(spend|spending|billing|budget|credit|key)[_ ](hard[_ ])?(limit|cap)s?\b.{0,20}(reached|exceeded|hit)|(reached|exceeded|hit|over)\b.{0,30}\b(spend|spending|billing|budget|credit)[_ ]?(limit|cap)?\b` +
		`|billing_hard_limit|billing_not_active|check your billing details|budget has been exceeded|budget_exceeded|exceededbudget|payment required|past invoices|arrears?(age)?\b|good standing|purchase (more )?credits|please (recharge|top up)` +
		`|reached your (specified |monthly |weekly )?(api )?usage limits?\b|(exceeded|reached|used( up)?) .{0,20}(monthly|weekly) (quota|limit)|free (tier|allocation|quota)\b.{0,30}(exhausted|used|exceeded)|used up .{0,20}free (tier|allocation|quota)|overdue|reached the set .{0,20}limit|已用(尽|完)` +
		`|usage[_ ](limit|cap) (reached|exceeded)|account .{0,40}(suspended|deactivated)|余额不足|余额.{0,6}不够|欠费|请充值|充值后|额度(不足|已用)`)
	// quotaWords say either: that nothing is left, or that more comes in a minute.
	quotaWords = words(`exceeded (your |the )?(current |allocated )?quota|exceeded_current_quota|quota (is |has been )?exceeded`)
	noneAtAll  = words(`\blimit: 0\b|exceeded_current_quota|insufficient_quota`)
	ratePeriod = words(`per[ _-](second|min|minute|hour|day)|rate.?limit|ratelimit|\b[rt]p[msdh]\b|throttl|too many requests|resource_?exhausted|速率|频率|并发`)

	contentRules = words(`content[_ -]?filter|content[_ ]?polic(y|ies)|content (management|safety|moderation|usage|guidelines?)|content exists risk|data_?inspection_?failed|responsibleaipolicy|contentpolicyviolation` +
		`|(inappropriate|unsafe|harmful|sensitive|prohibited|disallowed)[_ -](content|text|data|material|image)|(considered|deemed) (as )?(high.risk|unsafe|harmful)` +
		`|safety (system|checks?|filters?|settings|reasons|guidelines)|safety_check|failed check:|flagged (for|by|as)|was flagged|violat\w*.{0,60}(polic(y|ies)|guidelines?|terms)|(usage|content) guidelines|new_sensitive|sensitive[_ ](words?|information)` +
		`|敏感内容|敏感词|不安全或敏感|违规|内容安全`)
	// accountBlocked is about who asks, not about what was asked.
	accountBlocked = words(`(resource|account|organization|project|key|access) .{0,40}(blocked|banned|terminated|suspended|disabled|deactivated)|access_terminated|account_deactivated`)

	// settingsForbid is what the account's own settings exclude, at a gateway that
	// has the model from several providers.
	settingsForbid = words(`data policy|guardrail restrictions|no allowed providers|current plan and policies`)

	// parametersWrong is about a model that is there, for other requests.
	parametersWrong = words(`no endpoints found that`)

	keyWrong = words(`(incorrect|invalid|wrong|expired|missing|unknown|no|malformed)( \w+)?[ _]api[ _-]?keys?\b|api[ _-]?key( \w+)? (is |was |has )?(not valid|invalid|not found|expired|missing|required|incorrect|wrong)|invalid_api_key|api_key_invalid` +
		`|authentication(_| )(error|fails|failed)|invalid (authentication|credentials|bearer token|token)|authorization failed|login fail|(access|security|auth|session) token.{0,40}(invalid|expired|missing)|token (is|has) expired|invalid_(client|grant)|身份验证|令牌.{0,8}(无效|过期)|无效的.{0,4}(令牌|key)`)

	modelMissing = words("model\\S*.{0,120}?(not[ _]found|not (be )?exist|n't exist|not available|not a valid|decommissioned|has been (retired|deprecated|removed)|is (retired|deprecated))" +
		`|(requested|selected) model\b.{0,120} (is|was) not supported|model_not_supported` +
		`|(unknown|invalid|no such|unsupported|not a valid|not found the)[ _]model|no access to (the )?model|invalid_model|model_(not_found|not_available|decommissioned)|deploymentnotfound|deployment.{0,40}(not exist|not found)|模型不存在`)

	memoryShort = words(`(requires|needs) more (system |gpu |video )?memory|out of memory|insufficient (system )?(memory|resources)|not enough (memory|vram)|\boom\b|failed to allocate`)
)

// outOfCredit reports whether nothing helps but money, or a plan with more.
func (e *Error) outOfCredit() bool {
	text := e.words()
	switch {
	case e.Status == http.StatusPaymentRequired:
		return true
	case creditGone.MatchString(text):
		// A bound of hours is none of money: it says when it ends.
		return e.RetryAfter == 0 || noneAtAll.MatchString(text)
	}
	return quotaWords.MatchString(text) && (noneAtAll.MatchString(text) || e.RetryAfter == 0 && !ratePeriod.MatchString(text))
}

// limited reports whether too much was asked for in too short a time.
func (e *Error) limited() bool {
	return e.Status == http.StatusTooManyRequests || ratePeriod.MatchString(e.words())
}

// filtered reports whether the provider refuses what was said.
func (e *Error) filtered() bool {
	text := e.words()
	return contentRules.MatchString(text) && !accountBlocked.MatchString(text) || e.Code == "1301" || e.Code == "invalid_prompt"
}

// badKey reports whether the credential is refused, with whatever status.
func (e *Error) badKey() bool {
	return e.Status == http.StatusUnauthorized || e.Status < 500 && keyWrong.MatchString(e.words())
}

// denied reports whether the account may not have what it asked for.
func (e *Error) denied() bool {
	return e.Status == http.StatusForbidden || settingsForbid.MatchString(e.Message)
}

// noModel reports whether the server does not have the model.
func (e *Error) noModel() bool {
	return e.Status == http.StatusNotFound && !parametersWrong.MatchString(e.Message) || e.Status < 500 && modelMissing.MatchString(e.words())
}

// noMemory reports whether the server has too little memory for the model.
func (e *Error) noMemory() bool { return e.Status >= 500 && memoryShort.MatchString(e.Message) }
