package loopback

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func dial(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

// echo sends a line and expects it back.
func echo(t *testing.T, conn net.Conn, line string) {
	t.Helper()
	_, err := io.WriteString(conn, line)
	require.NoError(t, err)
	got, err := bufio.NewReader(conn).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, line, got)
}

func newEcho(t *testing.T) *Server {
	t.Helper()
	s, err := Listen(func(conn *net.TCPConn) { io.Copy(conn, conn) })
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func TestCloseEndsConnectionsAndHandlers(t *testing.T) {
	ended := 0
	s, err := Listen(func(conn *net.TCPConn) {
		io.Copy(conn, conn)
		ended++
	})
	require.NoError(t, err)
	conn := dial(t, s.Addr())
	echo(t, conn, "hello\n")
	s.Close()
	assert.Equal(t, 1, ended)
	_, err = conn.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
	_, err = net.Dial("tcp", s.Addr())
	assert.Error(t, err)
	s.Close()
}

func TestNATSwallowsWhatForgottenConnectionsSend(t *testing.T) {
	nat, err := NewNAT(newEcho(t).Addr())
	require.NoError(t, err)
	old := dial(t, nat.Addr())
	echo(t, old, "hello\n")
	assert.Zero(t, nat.Swallowed())
	nat.Forget()
	_, err = io.WriteString(old, "lost\n")
	require.NoError(t, err)
	echo(t, dial(t, nat.Addr()), "hello\n")
	assert.Eventually(t, func() bool { return nat.Swallowed() == 1 }, 10*time.Second, time.Millisecond)
	nat.Close()
	answer, _ := io.ReadAll(old)
	assert.Empty(t, answer)
}
