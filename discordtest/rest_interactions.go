package discordtest

import (
	"encoding/json"
	"fmt"
	"slices"
)

// callback is the first answer to an interaction.
func (c *call) callback() (any, error) {
	s := c.s
	it := s.interactions[c.r.PathValue("interaction_token")]
	switch {
	case it == nil || it.id != c.id("interaction_id"):
		return nil, errUnknownInteraction
	case it.reply != 0:
		return nil, errAlreadyAcked
	case s.now().Sub(it.created) > firstResponseWithin:
		return nil, errUnknownInteraction
	}
	var body struct {
		Type int             `json:"type"`
		Data json.RawMessage `json:"data"`
	}
	if err := c.decode(&body); err != nil {
		return nil, err
	}
	if !it.accepts(body.Type) {
		form := formErrors{}
		form.add("type", "INTERACTION_RESPONSE_TYPE_INVALID", fmt.Sprintf("Interaction of type %d cannot be answered with %d", it.kind, body.Type))
		return nil, form.err()
	}
	var d draft
	if len(body.Data) > 0 && body.Type <= ReplyUpdate {
		if err := json.Unmarshal(body.Data, &d); err != nil {
			return nil, errBadJSON
		}
	}
	var err error
	switch body.Type {
	case ReplyMessage:
		var m *message
		if m, err = s.composeReply(it, &d, c.form); err == nil {
			it.original = m
			s.add(m)
		}
	case ReplyDeferred:
		it.original = s.loading(it, &d)
		s.add(it.original)
	case ReplyDeferredUpdate:
		it.original = it.source
	case ReplyUpdate:
		it.original = it.source
		err = s.edit(it.source, &d, c.form)
	case ReplyChoices:
		err = it.offer(body.Data)
	case ReplyModal:
		err = it.open(body.Data)
	}
	if err != nil {
		it.original = nil
		return nil, err
	}
	it.reply, it.replied = body.Type, s.now()
	if it.original != nil && body.Type != ReplyDeferredUpdate {
		it.touch(it.original)
	}
	s.wake(it.channel.ID)
	if c.r.URL.Query().Get("with_response") != "true" {
		return nil, nil
	}
	return s.callbackResponse(it), nil
}

// accepts tells which answers go with which interaction.
func (it *interaction) accepts(reply int) bool {
	switch it.kind {
	case kindAutocomplete:
		return reply == ReplyChoices
	case kindCommand:
		return slices.Contains([]int{ReplyMessage, ReplyDeferred, ReplyModal}, reply)
	case kindComponent:
		return slices.Contains([]int{ReplyMessage, ReplyDeferred, ReplyDeferredUpdate, ReplyUpdate, ReplyModal}, reply)
	}
	return reply == ReplyMessage || reply == ReplyDeferred || it.source != nil && (reply == ReplyDeferredUpdate || reply == ReplyUpdate)
}

func (it *interaction) offer(data json.RawMessage) error {
	var body struct {
		Choices []Choice `json:"choices"`
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return errBadJSON
	}
	form := formErrors{}
	if len(body.Choices) > 25 {
		form.add("data.choices", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.")
	}
	for i, choice := range body.Choices {
		at := fmt.Sprintf("data.choices.%d", i)
		form.required(at+".name", choice.Name)
		form.max(at+".name", choice.Name, 100)
		if text, ok := choice.Value.(string); ok {
			form.max(at+".value", text, 100)
		}
	}
	it.choices = list(body.Choices)
	return form.err()
}

func (s *Server) callbackResponse(it *interaction) any {
	about := map[string]any{"id": it.id, "type": it.kind, "response_message_loading": it.reply == ReplyDeferred,
		"channel_id": it.channel.ID}
	if g := it.channel.Guild; g != nil {
		about["guild_id"] = g.ID
	}
	o := map[string]any{"interaction": about}
	if m := it.original; m != nil {
		about["response_message_id"], about["response_message_ephemeral"] = m.ID, m.Flags.Has(FlagEphemeral)
		if it.reply == ReplyMessage || it.reply == ReplyUpdate {
			o["resource"] = map[string]any{"type": it.reply, "message": s.view(m)}
		}
	}
	return o
}

// webhook finds the interaction whose token is used as a webhook.
func (c *call) webhook() (*interaction, error) {
	it := c.s.interactions[c.r.PathValue("webhook_token")]
	switch {
	case c.id("webhook_id") != c.s.bot.ID:
		return nil, errUnknownWebhook
	case it == nil || c.s.now().Sub(it.created) > interactionTokenLife:
		return nil, errBadToken
	case it.reply == 0:
		return nil, errUnknownWebhook
	}
	return it, nil
}

func (c *call) createFollowup() (any, error) {
	it, err := c.webhook()
	if err != nil {
		return nil, err
	}
	if m := it.original; m != nil && m.Flags.Has(FlagLoading) && !m.Deleted {
		return c.edit(m) // the first follow-up of a deferred answer is that answer
	}
	var d draft
	if err := c.decode(&d); err != nil {
		return nil, err
	}
	m, err := c.s.composeReply(it, &d, c.form)
	if err == nil {
		err = it.mayFollowUp()
	}
	if err != nil {
		return nil, err
	}
	it.touch(m)
	c.s.add(m)
	return c.s.view(m), nil
}

// followup finds the message of a call through the interaction's token.
func (c *call) followup() (*interaction, *message, error) {
	it, err := c.webhook()
	if err != nil {
		return nil, nil, err
	}
	m := it.original
	if name := c.r.PathValue("message_id"); name != "" && name != "@original" {
		m = c.s.messages[c.id("message_id")]
		if m != nil && m != it.original && (m.by == nil || m.by != it) {
			m = nil
		}
	}
	if m == nil || m.Deleted {
		return nil, nil, errUnknownMessage
	}
	return it, m, nil
}

func (c *call) getFollowup() (any, error) {
	_, m, err := c.followup()
	if err != nil {
		return nil, err
	}
	return c.s.view(m), nil
}

func (c *call) editFollowup() (any, error) {
	it, m, err := c.followup()
	if err != nil {
		return nil, err
	}
	body, err := c.edit(m)
	if err == nil {
		it.touch(m)
		c.s.wake(it.channel.ID)
	}
	return body, err
}

func (c *call) deleteFollowup() (any, error) {
	_, m, err := c.followup()
	if err != nil {
		return nil, err
	}
	c.s.remove(m)
	return nil, nil
}
