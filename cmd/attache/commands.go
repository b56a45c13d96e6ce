package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/attachebot/attache/internal/config"
	"github.com/attachebot/attache/internal/fault"
)

// root is the command line. Help goes to standard output; a wrong call is
// explained on standard error, and ends with status 2.
func (m *Main) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "attache COMMAND",
		Short: "An assistant that works with files, in Discord, in the browser and in the terminal",
		Long: "Attaché answers questions about files, in Discord, in the browser and in the terminal.\n\n" +
			"Settings come from the environment and from .env; see .env.example.",
		Example: `  attache serve
  attache chat --attach sales.csv "Analyze this data"
  attache doctor`,
		Version:                    version(),
		SilenceErrors:              true,
		SilenceUsage:               true,
		SuggestionsMinimumDistance: 2,
		Args:                       cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				c.SetOut(m.Stderr)
				_ = c.Help()
				return errUsage
			}
			return wrongCall{c, noCommand(c, args[0])}
		},
	}
	root.SetIn(m.Stdin)
	root.SetOut(m.Stdout)
	root.SetErr(m.Stderr)
	root.SetVersionTemplate("attache {{.Version}}\n")
	root.SetUsageTemplate(usage)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return wrongCall{c, suggestFlag(c, err)} })
	root.AddCommand(m.serveCommand(), m.chatCommand(), m.execCommand(), m.filesCommand(), m.tokensCommand(), m.apiTokensCommand(),
		m.backupCommand(), m.restoreCommand(), m.workerCommand(), m.workersCommand(), m.setupCommand(), m.doctorCommand(), m.versionCommand(), m.manCommand())
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	root.InitDefaultVersionFlag()
	root.Flags().Lookup("version").Usage = "print the version"
	root.PersistentFlags().StringVar(&m.EnvFile, "env-file", m.EnvFile, "read settings from this `FILE`, where the environment does not have them")
	for c := range all(root) {
		c.Flags().SortFlags = false
		c.InitDefaultHelpFlag()
		c.Flags().Lookup("help").Usage = "show this help"
		c.DisableFlagsInUseLine = true
		if c.Name() == "completion" {
			c.Short = "print the completions of a shell, to be loaded there"
			group(c).Use = "completion SHELL"
		}
		args := c.Args
		c.Args = func(c *cobra.Command, given []string) error {
			if args == nil {
				return nil
			}
			if err := args(c, given); err != nil {
				return wrongCall{c, err}
			}
			return nil
		}
	}
	return root
}

// usage is the rest of a command's help, behind what it does.
const usage = `Usage:
  {{.UseLine}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if .HasAvailableSubCommands}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Options:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Options of all these commands:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}

"attache help{{with .CommandPath | commandName}} {{.}}{{end}} COMMAND" explains one.{{end}}
`

func init() {
	cobra.AddTemplateFunc("commandName", func(path string) string { return strings.TrimSpace(strings.TrimPrefix(path, "attache")) })
}

// all yields a command and those below it.
func all(c *cobra.Command) func(yield func(*cobra.Command) bool) {
	return func(yield func(*cobra.Command) bool) {
		if !yield(c) {
			return
		}
		for _, sub := range c.Commands() {
			for s := range all(sub) {
				if !yield(s) {
					return
				}
			}
		}
	}
}

// Run runs one command. It reads the settings first: a wrong one is refused
// before anything is opened.
func (m *Main) Run(ctx context.Context, args []string) error {
	root := m.root()
	root.SetArgs(append([]string{}, args...)) // nil would be those of the process
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		plainFlags(root)
	}
	err := root.ExecuteContext(ctx)
	var wrong wrongCall
	if errors.As(err, &wrong) {
		name := strings.TrimSpace(strings.TrimPrefix(wrong.c.CommandPath(), "attache"))
		fmt.Fprintf(m.Stderr, "attache: %v\nUsage: %s\nSee: %s\n", wrong.err, wrong.c.UseLine(), strings.TrimSpace("attache help "+name))
		return errUsage
	}
	return err
}

// plainFlags takes the marks out of the flags' texts that make the help of them:
// a shell shows the texts as they are.
func plainFlags(root *cobra.Command) {
	plain := func(f *pflag.Flag) { _, f.Usage = pflag.UnquoteUsage(f) }
	for c := range all(root) {
		c.LocalFlags().VisitAll(plain)
	}
}

// with makes a command's function of one that needs the settings.
func (m *Main) with(run func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) (err error) {
		if f := c.Flags().Lookup("env-file"); f.Changed && stateOf(m.EnvFile) == noFile {
			return fault.New(fault.Invalid, "%s is not there.", m.EnvFile)
		}
		m.Config, err = m.load()
		m.hideSecrets()
		if err != nil {
			return err
		}
		if err := config.Export(m.EnvFile); err != nil {
			return fault.Wrap(err, fault.Invalid, "%v.", err)
		}
		return run(c.Context(), args)
	}
}

// wrongCall is a command line that a command can't take.
type wrongCall struct {
	c   *cobra.Command
	err error
}

func (w wrongCall) Error() string { return w.err.Error() }

// suggestFlag adds the flag that is like the one that there is not.
func suggestFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	flags := &cobra.Command{SuggestionsMinimumDistance: 2} // suggests names of commands, so they are some
	c.Flags().VisitAll(func(f *pflag.Flag) {
		flags.AddCommand(&cobra.Command{Use: f.Name, Run: func(*cobra.Command, []string) {}})
	})
	if like := flags.SuggestionsFor(unknown.GetSpecifiedName()); len(like) > 0 {
		return fmt.Errorf("%w; did you mean --%s?", err, strings.Join(like, " or --"))
	}
	return err
}

// least refuses fewer arguments, and says what is missing.
func least(n int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < n {
			return fmt.Errorf("%s is missing", what)
		}
		return nil
	}
}

// exactly refuses any other number of arguments.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > n && n == 0 && c.HasSubCommands() {
			return noCommand(c, args[0])
		}
		if len(args) > n {
			return fmt.Errorf("%q is one argument too many", args[n])
		}
		return least(n, what)(c, args)
	}
}

// group refuses to do anything without one of its commands; help is one of them.
func group(c *cobra.Command) *cobra.Command {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return wrongCall{c, errors.New("a command is missing")}
		}
		if args[0] == "help" {
			return help(c, args[1:])
		}
		return wrongCall{c, noCommand(c, args[0])}
	}
	c.SuggestionsMinimumDistance = 2
	return c
}

// noCommand says that a command has none of that name, and which one is like it.
func noCommand(c *cobra.Command, name string) error {
	names := &cobra.Command{SuggestionsMinimumDistance: 2} // with help, which cobra never suggests
	for _, sub := range append(c.Commands(), &cobra.Command{Use: "help"}) {
		if !sub.Hidden && (sub.Name() != "help" || c.HasSubCommands()) {
			names.AddCommand(&cobra.Command{Use: sub.Use, SuggestFor: sub.SuggestFor, Run: func(*cobra.Command, []string) {}})
		}
	}
	like := names.SuggestionsFor(name)
	slices.Sort(like)
	if like = slices.Compact(like); len(like) > 0 {
		return fmt.Errorf("there is no command %q; did you mean %s?", name, strings.Join(like, " or "))
	}
	return fmt.Errorf("there is no command %q", name)
}

// help explains the command that is named, below another one.
func help(about *cobra.Command, names []string) error {
	for _, name := range names {
		i := slices.IndexFunc(about.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
		if i < 0 {
			return wrongCall{about, noCommand(about, name)}
		}
		about = about.Commands()[i]
	}
	return about.Help()
}

func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND]", Short: "explain a command",
		RunE: func(c *cobra.Command, args []string) error { return help(c.Root(), args) },
		ValidArgsFunction: func(c *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			if about, _, err := c.Root().Find(args); err == nil {
				for _, sub := range about.Commands() {
					if !sub.Hidden {
						names = append(names, cobra.CompletionWithDesc(sub.Name(), sub.Short))
					}
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// manCommand writes the manual's pages.
func (m *Main) manCommand() *cobra.Command {
	return &cobra.Command{
		Use: "man FOLDER", Short: "write the manual pages into a folder", Hidden: true, Args: exactly(1, "the folder"),
		RunE: func(c *cobra.Command, args []string) error {
			c.Root().DisableAutoGenTag = true // the same pages from the same program
			err := os.MkdirAll(args[0], 0o755)
			if err == nil {
				err = doc.GenManTree(c.Root(), &doc.GenManHeader{Title: "ATTACHE", Section: "1", Source: "Attaché", Manual: "Attaché"}, args[0])
			}
			return fault.Wrap(err, fault.Unavailable, "%s can't be written: %v.", args[0], err)
		},
	}
}
