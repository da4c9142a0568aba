#!/usr/bin/env bash
# Updates the repository to the description that the vendor publishes, and opens a
# pull request with the report as its text, or an issue if a person has to decide
# something first. The arguments are passed to update-spec. The workflow spec-watch
# runs this script, with gh and git set up to write to the repository.
set -euo pipefail
cd "$(dirname "$0")/../.."
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

# "go run" exits with 1 if the program exits with any other code than 0.
go -C internal/spec build -ldflags=-w -o "$temp/update-spec" ./cmd/update-spec
code=0
"$temp/update-spec" "$@" >"$temp/report.md" || code=$?
cat "$temp/report.md" | tee -a "${GITHUB_STEP_SUMMARY:-/dev/null}"
# GitHub accepts at most 65,536 characters.
awk '{n += length($0) + 1} n > 60000 {print "\nThe rest is in the summary of the workflow run."; exit} 1' "$temp/report.md" >"$temp/body.md"

case $code in
0) ;;
1)
	gh label create api-description --force --description "The vendor's description of the API changed"
	open=$(gh issue list --label api-description --state open --json number --jq '.[0].number // empty')
	if [ -n "$open" ]; then
		gh issue edit "$open" --body-file "$temp/body.md"
	else
		gh issue create --label api-description --title "The API's description changed and needs a decision" --body-file "$temp/body.md"
	fi
	exit 0
	;;
*) exit "$code" ;;
esac

git add --all
if git diff --cached --quiet; then
	exit 0 # nothing changed
fi
# Each change has one branch and one pull request, so that commits that a person
# pushed are kept and a closed pull request is not opened again every week.
branch=spec-update-$(git diff --cached | git patch-id --stable | cut -c -12)
if [ -n "$(gh pr list --head "$branch" --state all --json number --jq '.[].number')" ]; then
	exit 0
fi
git switch --quiet --create "$branch"
git -c user.name="github-actions[bot]" -c user.email="41898282+github-actions[bot]@users.noreply.github.com" \
	commit --quiet --message "Adopt the new description of the API"
git push --force origin "$branch" # a branch without a pull request is from a failed run
gh pr create --head "$branch" --title "The API's description changed" --body-file "$temp/body.md"
# A pull request that a workflow opens does not start other workflows.
gh workflow run ci.yml --ref "$branch"
