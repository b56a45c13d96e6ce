package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/attachebot/attache/internal/apitoken"
	"github.com/attachebot/attache/internal/fault"
	"github.com/attachebot/attache/internal/files"
)

// apiTokensCommand lists and revokes the tokens of scripts, as the operator.
func (m *Main) apiTokensCommand() *cobra.Command {
	var user files.UserID
	var asJSON bool
	group := group(&cobra.Command{
		Use: "api-tokens COMMAND", Short: "list and revoke the tokens with which scripts come in",
		Long: "Lists and revokes personal tokens for /api/v1, as the operator: beside a program that runs, or without it. People make and revoke\ntheir own on the page Usage → Tokens for scripts.",
		Example: `  attache api-tokens list
  attache api-tokens list --user 7
  attache api-tokens revoke HASH`,
	})
	with := func(run func(context.Context, *apitoken.Store, []string) error) func(*cobra.Command, []string) error {
		return m.with(func(ctx context.Context, args []string) error {
			if _, err := m.openStores(ctx); err != nil {
				return err
			}
			return run(ctx, apitoken.New(m.notes), args)
		})
	}
	list := &cobra.Command{Use: "list", Short: "list tokens: their hashes, whose they are, their last use", Args: exactly(0, ""),
		RunE: with(func(ctx context.Context, s *apitoken.Store, _ []string) error {
			all, err := s.List(ctx, user)
			if err != nil {
				return err
			}
			if asJSON {
				return m.printJSON(append([]apitoken.Token{}, all...))
			}
			for _, one := range all {
				used := "never used"
				if !one.Used.IsZero() {
					used = "last used " + one.Used.Format("2006-01-02 15:04 MST")
				}
				fmt.Fprintf(m.Stdout, "%s  user %s  made %s, %s  %s\n", one.Hash, one.User, one.Made.Format("2006-01-02"), used, one.Name)
			}
			return nil
		})}
	list.Flags().Var(userFlag{&user}, "user", "only those of the user with this `ID`")
	list.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	revoke := &cobra.Command{Use: "revoke HASH...", Short: "revoke tokens by their hashes, on all machines", Args: least(1, "the hash"),
		RunE: with(func(ctx context.Context, s *apitoken.Store, hashes []string) error {
			for _, hash := range hashes {
				done, err := s.Revoke(ctx, 0, hash)
				if err != nil {
					return err
				}
				if !done {
					return fault.New(fault.NotFound, "There is no token with the hash %s: attache api-tokens list shows them.", hash)
				}
				fmt.Fprintf(m.Stdout, "Revoked: %s\n", hash)
			}
			return nil
		})}
	group.AddCommand(list, revoke)
	return group
}
