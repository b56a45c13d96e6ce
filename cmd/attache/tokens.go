package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/tokens"
)

func (m *Main) tokensCommand() *cobra.Command {
	c := &tokensCommand{m: m}
	cmd := &cobra.Command{
		Use: "tokens [OPTIONS] FILE...", Short: "count tokens of a text or a request, and what they cost",
		Long: "Counts the tokens of texts, as tiktoken does, or of a whole request, and what they cost. - is standard\n" +
			"input, and so is what is piped into it where no file is named. It needs no data folder, and asks nobody but Discord for the sizes of its images.",
		Example: `  attache tokens --model gpt-4o prompt.txt notes.md
  attache tokens --request request.json
  git diff | attache tokens`,
		Args: cobra.ArbitraryArgs,
	}
	cmd.RunE = m.with(func(ctx context.Context, paths []string) error {
		if c.path == "" && len(paths) == 0 && m.isPiped() {
			paths = []string{"-"}
		}
		if (c.path == "") == (len(paths) == 0) {
			return wrongCall{cmd, errors.New("give files, or --request")}
		}
		return c.count(ctx, paths)
	})
	cmd.PersistentFlags().BoolVar(&c.asJSON, "json", false, "print the result as JSON")
	f := cmd.Flags()
	f.StringVar(&c.model, "model", "", "count as this `MODEL` does; without it and --encoding, OPENAI_MODEL, or the request's")
	f.StringVar(&c.encoding, "encoding", "", "count with this `ENCODING`: "+strings.Join(encodingNames, ", "))
	f.StringVar(&c.path, "request", "", "count the chat request in OpenAI's JSON in this `FILE`")
	_ = cmd.RegisterFlagCompletionFunc("encoding", cobra.FixedCompletions(encodingNames, cobra.ShellCompDirectiveNoFileComp))
	cmd.AddCommand(&cobra.Command{
		Use: "prices", Short: "list models, their windows and prices", Args: exactly(0, ""),
		RunE: m.with(func(context.Context, []string) (err error) {
			if c.catalog, err = openPrices(m.Config); err != nil {
				return err
			}
			return c.prices()
		}),
	}, &cobra.Command{
		Use: "compare FILE", Short: "tell where a list of prices differs from the catalog", Args: exactly(1, "the file"),
		RunE: m.with(func(ctx context.Context, args []string) (err error) {
			if c.catalog, err = openPrices(m.Config); err != nil {
				return err
			}
			return c.compare(ctx, args[0])
		}),
	})
	return cmd
}

// count counts texts, or a request.
func (c *tokensCommand) count(ctx context.Context, paths []string) (err error) {
	if c.model != "" && c.encoding != "" {
		return fault.New(fault.Invalid, "Give --model or --encoding, not both.")
	}
	if c.path != "" && c.encoding != "" {
		return fault.New(fault.Invalid, "A request is counted as a model does: give --model instead of --encoding.")
	}
	if c.catalog, err = openPrices(c.m.Config); err != nil {
		return err
	}
	if c.path != "" {
		return c.request(ctx, c.path)
	}
	return c.texts(ctx, paths)
}

type tokensCommand struct {
	m               *Main
	catalog         *tokens.Catalog
	model, encoding string
	path            string // of a request
	asJSON          bool
}

var encodingNames = []string{tokens.CL100KBase.Name(), tokens.O200KBase.Name(), tokens.O200KHarmony.Name(), tokens.P50KBase.Name(), tokens.R50KBase.Name()}

// tokensOf is what a text or a request is counted to be, with --json.
type tokensOf struct {
	Tokens   int                     `json:"tokens"`
	Exact    bool                    `json:"exact"` // not an estimate
	Encoding string                  `json:"encoding"`
	Model    string                  `json:"model,omitempty"`
	Parts    map[string]tokensAmount `json:"parts,omitempty"`
	Limit    int                     `json:"limit,omitempty"`        // the most tokens that fit, if that is known
	Reserve  int                     `json:"reserve,omitempty"`      // tokens that the request leaves for the answer
	Fits     *bool                   `json:"fits,omitempty"`         // if that is known
	Cost     json.Number             `json:"cost_usd,omitempty"`     // of the input, if the price is known
	MaxCost  json.Number             `json:"max_cost_usd,omitempty"` // with the longest answer that the request allows
	Notes    []string                `json:"notes,omitempty"`
	Files    []tokensOfFile          `json:"files,omitempty"` // if there are several
}

type tokensOfFile struct {
	File   string `json:"file"`
	Tokens int    `json:"tokens"`
}

type tokensAmount struct {
	Tokens int  `json:"tokens"`
	Exact  bool `json:"exact"`
}

// texts counts texts of any length as they are read: one, or each of several and
// all of them together.
func (c *tokensCommand) texts(ctx context.Context, paths []string) error {
	enc, model, err := c.counting()
	if err != nil {
		return err
	}
	sum := c.counted(0, enc, model)
	for _, path := range paths {
		counter := enc.NewCounter()
		if err := c.read(ctx, path, counter); err != nil {
			return err
		}
		n := counter.Count()
		sum.Tokens += n
		if len(paths) > 1 {
			sum.Files = append(sum.Files, tokensOfFile{path, n})
		}
	}
	sum.price(model, 0)
	return c.print(sum)
}

// counting returns what to count with; a model is nil if an encoding was named.
func (c *tokensCommand) counting() (*tokens.Encoding, *tokens.Model, error) {
	if c.encoding == "" {
		model := c.catalog.Model(cmp.Or(c.model, c.m.Config.OpenAIModel))
		return model.Encoding, model, nil
	}
	enc, ok := tokens.EncodingByName(c.encoding)
	if !ok {
		return nil, nil, fault.New(fault.Invalid, "There is no encoding %q: it is one of %s.", c.encoding, strings.Join(encodingNames, ", "))
	}
	return enc, nil, nil
}

// counted is so many tokens.
func (c *tokensCommand) counted(n int, enc *tokens.Encoding, model *tokens.Model) tokensOf {
	res := tokensOf{Tokens: n, Exact: model == nil || model.Exact, Encoding: enc.Name()}
	if !res.Exact {
		res.Notes = []string{fmt.Sprintf("%s is not known: text is counted with %s", model.Name, enc.Name())}
	}
	return res
}

// price adds what a model makes of it; nil adds nothing.
func (r *tokensOf) price(m *tokens.Model, answer int) {
	if m == nil {
		return
	}
	r.Model = m.Name
	if r.Limit = m.InputLimit(answer); r.Limit > 0 {
		fits := r.Tokens <= r.Limit
		r.Fits = &fits
		r.Reserve = answer
	}
	now := time.Now()
	if cost, ok := m.Cost(tokens.Usage{Input: r.Tokens}, now); ok {
		r.Cost = dollars(cost)
	}
	if cost, ok := m.Cost(tokens.Usage{Input: r.Tokens, Output: answer}, now); ok && answer > 0 {
		r.MaxCost = dollars(cost)
	}
}

func dollars(m tokens.Money) json.Number { return json.Number(strings.Replace(m.String(), "$", "", 1)) }

// request counts a chat request. Sizes of images on Discord are asked there;
// no other host is.
func (c *tokensCommand) request(ctx context.Context, path string) error {
	var body bytes.Buffer
	if err := c.read(ctx, path, &body); err != nil {
		return err
	}
	var req tokens.Request
	if err := json.Unmarshal(body.Bytes(), &req); err != nil {
		return fault.Wrap(err, fault.Invalid, "%s is not a chat request: %s.", path, strings.TrimPrefix(err.Error(), "tokens: "))
	}
	model := c.catalog.Model(cmp.Or(c.model, req.Model, c.m.Config.OpenAIModel))
	req, notes := tokens.NewSizer(tokens.SizerOptions{}).Fill(ctx, req)
	b := model.CountRequest(req)
	total := b.Total()
	res := tokensOf{Tokens: total.Tokens, Exact: total.Exact, Encoding: model.Encoding.Name(), Notes: append(notes, b.Notes...), Parts: map[string]tokensAmount{
		"text": tokensAmount(b.Text), "images": tokensAmount(b.Images), "tools": tokensAmount(b.Tools), "overhead": tokensAmount(b.Overhead),
	}}
	res.price(model, req.MaxOutput)
	return c.print(res)
}

func (c *tokensCommand) print(r tokensOf) error {
	if c.asJSON {
		return c.m.printJSON(r)
	}
	w := c.m.Stdout
	for _, f := range r.Files {
		fmt.Fprintf(w, "%9s  %s\n", comma(f.Tokens), f.File)
	}
	of := r.Encoding
	if r.Model != "" {
		of = r.Model + ", " + of
	}
	fmt.Fprintf(w, "%s (%s)\n", amount(r.Tokens, r.Exact), of)
	for _, part := range []string{"text", "images", "tools", "overhead"} {
		if a, ok := r.Parts[part]; ok && (a.Tokens > 0 || !a.Exact) {
			fmt.Fprintf(w, "  %-9s %s\n", part, amount(a.Tokens, a.Exact))
		}
	}
	left := ""
	if r.Reserve > 0 {
		left = fmt.Sprintf(", with %s for the answer", comma(r.Reserve))
	}
	switch {
	case r.Model == "":
	case r.Fits == nil:
		fmt.Fprintln(w, "window: not known")
	case *r.Fits:
		fmt.Fprintf(w, "window: fits into %s%s\n", comma(r.Limit), left)
	default:
		fmt.Fprintf(w, "window: %s too many for %s%s\n", comma(r.Tokens-r.Limit), comma(r.Limit), left)
	}
	switch {
	case r.Model == "":
	case r.Cost == "":
		fmt.Fprintln(w, "cost: not known")
	case r.MaxCost != "":
		fmt.Fprintf(w, "cost: $%s, and with the longest answer $%s\n", r.Cost, r.MaxCost)
	default:
		fmt.Fprintf(w, "cost: $%s without the answer\n", r.Cost)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	return nil
}

func amount(n int, exact bool) string {
	if exact {
		return comma(n) + " tokens"
	}
	return "about " + comma(n) + " tokens"
}

// modelPrice is a model in the list of prices, with --json.
type modelPrice struct {
	Model     string        `json:"model"`
	Encoding  string        `json:"encoding"`
	Exact     bool          `json:"exact"` // the encoding is certain
	Window    int           `json:"window,omitempty"`
	MaxInput  int           `json:"max_input,omitempty"`
	MaxOutput int           `json:"max_output,omitempty"`
	Price     *tokens.Price `json:"price,omitempty"` // of today
}

// prices lists the models of the catalog.
func (c *tokensCommand) prices() error {
	list := []modelPrice{}
	for _, name := range c.catalog.Names() {
		m := c.catalog.Model(name)
		p := modelPrice{name, m.Encoding.Name(), m.Exact, m.Window, m.MaxInput, m.MaxOutput, nil}
		p.Price, _ = m.Price(time.Now())
		list = append(list, p)
	}
	if c.asJSON {
		return c.m.printJSON(list)
	}
	fmt.Fprintf(c.m.Stdout, "US dollars for a million tokens, collected on %s.\n\n", c.catalog.Date().Format(time.DateOnly))
	w := tabwriter.NewWriter(c.m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "MODEL\tWINDOW\tMAX INPUT\tMAX OUTPUT\t$ INPUT\t$ CACHED\t$ WRITTEN\t$ OUTPUT\tSINCE\tLONG")
	for _, p := range list {
		row := []string{p.Model, number(p.Window), number(p.MaxInput), number(p.MaxOutput), "-", "-", "-", "-", "-", "-"}
		if p := p.Price; p != nil {
			row[4], row[7] = p.Input.String(), p.Output.String()
			if p.Cached != nil {
				row[5] = p.Cached.String()
			}
			if p.Write != nil {
				row[6] = p.Write.String()
			}
			if p.From != "" {
				row[8] = p.From
			}
			if l := p.Long; l != nil {
				row[9] = fmt.Sprintf("above %s: input ×%s, output ×%s", comma(l.Above), l.Input, l.Output)
			}
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// compare prints where a file of prices differs from the catalog.
func (c *tokensCommand) compare(ctx context.Context, path string) error {
	var file bytes.Buffer
	if err := c.read(ctx, path, &file); err != nil {
		return err
	}
	all, err := c.catalog.Compare(file.Bytes(), time.Now())
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "%s can't be compared: %s.", path, strings.TrimPrefix(err.Error(), "tokens: "))
	}
	if c.asJSON {
		return c.m.printJSON(append([]tokens.Difference{}, all...))
	}
	w := tabwriter.NewWriter(c.m.Stdout, 0, 0, 2, ' ', 0)
	missing := 0
	if len(all) > 0 {
		fmt.Fprintln(w, "MODEL\tWHAT\tCATALOG\tFILE")
	}
	for _, d := range all {
		if d.Field == "model" {
			missing++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", d.Model, d.Field, cmp.Or(d.Ours, "-"), cmp.Or(d.File, "-"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(c.m.Stdout, "%d differences, and %d models that the catalog lacks.\n", len(all)-missing, missing)
	return nil
}

func number(n int) string {
	if n == 0 {
		return "-"
	}
	return comma(n)
}

func comma(n int) string { return humanize.Comma(int64(n)) }

// read copies a file, or standard input for -, to w until ctx ends.
func (c *tokensCommand) read(ctx context.Context, path string, w io.Writer) error {
	in, err := c.m.openInput(path)
	if err != nil {
		return err
	}
	defer in.Close()
	done := make(chan error, 1)
	go func() { // a terminal is read until the program ends
		_, err := io.CopyBuffer(w, onlyReader{ctx, in}, make([]byte, 32<<10))
		done <- err
	}()
	select {
	case err := <-done:
		return fault.Wrap(err, fault.Invalid, "%s can't be read: %v.", path, cmp.Or(errors.Unwrap(err), err))
	case <-ctx.Done():
		return ctx.Err()
	}
}

// onlyReader reads until ctx ends, and has no other way to be copied.
type onlyReader struct {
	ctx context.Context
	in  io.Reader
}

func (r onlyReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.in.Read(p)
}
